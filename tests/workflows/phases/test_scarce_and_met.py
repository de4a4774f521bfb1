"""Gatherings and allocations under random moves: no illegal one is accepted, no legal one is lost, all come out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from operations.ports.resources import Claim
from operations.ports.runs import Act
from operations.rehearsal import Crowd
from rules.spec.node import Context
from rules.spec.source import as_written
from rules.time import Duration, add
from workflows.phases import discover
from workflows.play import Cast, Scene, play_of

OPENED = datetime(2027, 3, 8, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
GUESTS, HOST, CHIEF = ("a", "b", "c", "d"), "role:planner", "role:management"
HOUR = timedelta(hours=1)


def phase(kind: str, **written: Any) -> Any:
    tree = as_written({"id": "phase", "kind": kind, **written})
    return discover()[kind].model_validate(tree, context=Context(kinds=discover()))


def later(within: str, since: datetime) -> datetime:
    return add(since, Duration.parse(within), UTC_ZONE)


def gathering(needs: int | str = 2) -> tuple[Any, Scene]:
    written = phase("meet", who="guests.members", host=HOST, must=[CHIEF], needs=needs, form="minutes", within="10d")
    scene = Scene(
        at=OPENED,
        opened_at=OPENED,
        deadline=OPENED + timedelta(days=10),
        asked=GUESTS,
        groups={"host": (HOST,), CHIEF: (CHIEF,)},
        until=later,
    )
    return written, scene


PEOPLE = st.sampled_from(
    [("a", None), ("b", None), ("zoe", None), ("ann", HOST), ("kim", CHIEF), ("bob", "role:clerk")]
)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["set_day", "attend", "minutes", "answer"]),
        PEOPLE,
        st.sampled_from(["", "", "c", "zoe", "kim"]),  # about whom
        st.sampled_from(["2h", "3d", "12d", "nonsense"]),
        st.integers(1, 30),  # hours since the last move
    ),
    max_size=14,
)


@given(moves=MOVES, needs=st.sampled_from([1, 2, "50%", "100%"]))
@settings(max_examples=150, deadline=None)
def test_a_gathering_accepts_what_is_legal_and_nothing_else(moves: list[Any], needs: int | str) -> None:
    written, scene = gathering(needs)
    play = play_of("meet")
    assert play is not None
    at, day, over = OPENED, None, False
    came: set[str] = set()
    chief = False
    for verb, (by, role), about, when, hours in moves:
        at += timedelta(hours=hours)
        fields = {"day": when} if verb == "set_day" else {"as": CHIEF} if about == "kim" and verb == "attend" else {}
        act = Act(verb=verb, by=by, role=role, about=about if verb == "attend" else "", at=at, fields=fields)
        hosts = role == HOST
        who = act.about or by
        known = who in GUESTS or (not act.about and role in (HOST, CHIEF)) or (act.about == "kim")
        legal = not over and (
            (verb == "set_day" and hosts and when != "nonsense" and later(when, at) < OPENED + timedelta(days=10))
            or (verb == "minutes" and hosts and day is not None and at >= day)
            or (
                verb == "attend"
                and day is not None
                and at >= day
                and known
                and (not act.about or act.about == by or hosts)
            )
        )
        refused = play.refusal(written, replace(scene, at=at), act)
        assert (refused is None) is legal, (refused, act)
        if not legal:
            continue
        scene = replace(scene, acts=(*scene.acts, act), at=at)
        if verb == "set_day":
            day = later(when, at)
        over = over or verb == "minutes"
        if verb == "attend":
            came.add(who)
            chief = chief or role == CHIEF or who == "kim"
    assert play.progress(written, scene).over is over
    closing = play.closing(written, scene)
    guests = came & set(GUESTS)
    enough = len(guests) >= {1: 1, 2: 2, "50%": 2, "100%": 4}[needs]
    assert closing.outcome == ("done" if over and enough and chief else "short")
    assert set(closing.results["attended"]) == guests
    took_place = bool(guests) or over
    assert set(closing.results["absent"]) == (set(GUESTS) - came if took_place else set())
    told = [note.kind for note in closing.notes]
    assert told.count("attended") == len(guests)
    assert told.count("absent") == len(closing.results["absent"])
    assert told.count("minutes") == int(over)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_simulated_guests_and_hosts_make_only_legal_moves(seed: int) -> None:
    written, scene = gathering()
    play = play_of("meet")
    assert play is not None
    crowd = Crowd(seed, "place", run="c/t/1", people=list, size=None, form=lambda kind: {})
    for planned in (
        play.improvise(written, scene, crowd),
        play.towards(  # type: ignore[attr-defined]
            written,
            scene,
            "done",
            Cast(people=("x",), fill=lambda *_: {}, moment=lambda n: OPENED + timedelta(days=5, seconds=n)),
        ),
    ):
        here = scene
        for one in planned:
            act = Act(verb=one.verb, by=one.by, role=one.role, about=one.about, at=one.at, fields=one.fields)
            assert play.refusal(written, replace(here, at=one.at), act) is None
            here = replace(here, acts=(*here.acts, act), at=one.at)
    assert play.closing(written, here).outcome == "done"


CLAIMS = st.lists(
    st.tuples(
        st.sampled_from(["waiting", "served", "unserved"]),
        st.booleans(),  # whether it is one person's
        st.sampled_from([None, 1, 30]),  # when it begins, in hours
        st.booleans(),  # whether it stays
        st.sampled_from(["budget", "stock", "fleet", "benefit"]),
    ),
    max_size=8,
)


@given(claims=CLAIMS, hours=st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_an_allocation_is_over_when_all_is_settled_and_there_and_counts_everybody_once(
    claims: list[Any], hours: int
) -> None:
    written = phase("allocate", stock="kit", **{"for": "guests.members"})
    play = play_of("allocate")
    assert play is not None
    at = OPENED + hours * HOUR
    made = tuple(
        Claim(
            community="c",
            key=f"k{number}",
            kind=kind,
            resource="kit",
            receiver=f"r{number}",
            member=f"r{number}" if person else None,
            run="c/t/1",
            phase="phase",
            visit=1,
            amount=100,
            spend=stays,
            asked_at=OPENED,
            settle_at=OPENED,
            state=state,
            settled_at=None if state == "waiting" else OPENED,
            begins_at=OPENED + begins * HOUR if begins is not None and state == "served" else None,
        )
        for number, (state, person, begins, stays, kind) in enumerate(claims)
    )
    scene = Scene(at=at, opened_at=OPENED, things=tuple(one.receiver for one in made), claims=made)

    closing = play.closing(written, scene)

    over = bool(made) and all(one.state != "waiting" and (one.begins_at is None or one.begins_at <= at) for one in made)
    assert play.progress(written, scene).over is over
    served, unserved = closing.results["served"], closing.results["unserved"]
    assert sorted(served + unserved) == sorted(one.receiver for one in made)
    assert closing.outcome == ("done" if served and not unserved else "short")
    assert closing.outcome in written.outcomes()
    told = [note.kind for note in closing.notes]
    mine = [one for one in made if one.state == "served"]
    assert told.count("received") == sum(1 for one in mine if one.kind != "budget" and one.member is not None)
    assert told.count("spent") == sum(1 for one in mine if one.kind == "budget" and one.spend)
