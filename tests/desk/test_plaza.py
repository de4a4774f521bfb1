"""The plaza: voices found by rule, a rota that never falls silent, topics that draw, and adverts kept at bay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from operations.ports.effects import Deed
from operations.ports.facts import Fact
from tests.desk.auto import open_items, reviewed, staffed
from tests.touch.owners import AT, auto, happened, numbered, owners
from tests.waiting import PATIENCE, pace
from workflows import turns
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import POKE

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TOPIC = {"question": "Which road would you drive again tomorrow?"}


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community)
    owners(memory, community, ["ann", "bo", "cai"], tier="active", stage="active")
    owners(memory, community, ["new", "careless", "rare"], tier="base", stage="active")
    for model in ("sedan-e", "suv-x"):
        owners(memory, community, numbered(model, 8), car_model=model)
    return community


@pytest.fixture(scope="module")
def working(room: Any, spec: Any) -> Iterator[None]:
    from cli import wiring

    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield


@pytest.fixture
def desk(room: Any) -> Desk:
    return Desk(room.memory.house, poke=lambda run, what="": room.gateway.signal(run, POKE, what))


def titled(memory: Any, spec: Any, *people: str) -> None:
    deeds = [
        Deed(
            key=f"test/{who}",
            kind="title",
            at=AT - 9 * DAY,
            source="test",
            member=who,
            details={"item": "topic-starter"},
        )
        for who in people
    ]
    memory.effects.do(spec.id, deeds)


def posts(memory: Any, spec: Any, nature: str, count: int, at: Any) -> None:
    memory.facts(spec).record(
        [
            Fact(
                f"post/{nature}/{at}/{n}",
                "posted",
                "new",
                at - n * timedelta(minutes=20),
                None,
                {"work": f"p-{nature}-{n}", "space": "plaza", "nature": nature, "public": True},
            )
            for n in range(count)
        ]
    )


def replies(memory: Any, spec: Any, work: str, people: list[str], at: Any) -> None:
    memory.facts(spec).record(
        [
            Fact(
                f"reply/{work}/{who}",
                "replied",
                who,
                at,
                None,
                {"work": work, "to": "ann", "space": "plaza", "helpful": False},
            )
            for who in people
        ]
    )


def test_whoever_is_liked_and_steady_becomes_a_voice_of_the_plaza_by_rule(memory: Any, spec: Any) -> None:
    for friend in numbered("sedan-e", 8) + numbered("suv-x", 8):
        happened(memory, spec, "liked", "ann", [3, 4, 5, 6], work="w1", by=friend)
    happened(memory, spec, "posted", "ann", [1, 8, 15, 22, 29], work="w1", space="private", nature="talk", public=False)

    reviewed(memory, spec, AT, ["rule:new-starter"])

    held = memory.effects.holdings(spec.id, "ann", at=AT)
    assert [(one.item, one.since, one.until is not None) for one in held] == [("topic-starter", AT, True)]
    assert spec.titles["topic-starter"].layer == "plaza"
    assert memory.effects.holdings(spec.id, "bo", at=AT) == []


def test_good_posts_make_a_candidate_for_the_next_layer(memory: Any, spec: Any) -> None:
    for n, day in enumerate((3, 9, 20)):
        happened(memory, spec, "submitted", "new", [day], work=f"n{n}", phase="replies", mode="broadcast")
        happened(memory, spec, "rated", "new", [day], work=f"n{n}", score=80)
        happened(memory, spec, "submitted", "careless", [day], work=f"c{n}", phase="replies", mode="broadcast")
        happened(memory, spec, "rated", "careless", [day], work=f"c{n}", score=59)
    happened(memory, spec, "submitted", "rare", [5], work="r", phase="replies", mode="broadcast")
    happened(memory, spec, "rated", "rare", [5], work="r", score=95)

    reviewed(memory, spec, AT, ["rule:plaza-talent"])

    found = memory.effects.candidates(spec.id, "tier", "active")
    assert [(one.member, one.at) for one in found] == [("new", AT)]


def test_a_silent_plaza_gives_the_next_voice_on_the_rota_a_task(
    room: Any, spec: Any, working: None, desk: Desk, eventually: Any
) -> None:
    memory = room.memory
    titled(memory, spec, "bo", "cai")
    happened(memory, spec, "submitted", "ann", [2, 3], work="t0", mode="topic-rota", space="plaza", phase="turn")
    happened(memory, spec, "missed", "bo", [4], mode="topic-rota", phase="turn")
    happened(memory, spec, "submitted", "ann", [11.5 / 24], work="t1", mode="topic-rota", space="plaza", phase="turn")
    assert "fired:plaza-quiet" not in reviewed(memory, spec, AT, ["rule:plaza-quiet"])["rule:plaza-quiet"]

    first = reviewed(memory, spec, AT + HOUR, ["rule:plaza-quiet"], scale="1d=60s")
    room.gateway.start(turns.OUTBOX, turns.OutboxInput(community=spec.id), id="auto/outbox/test", again=True)
    run = eventually(lambda: list(memory.runs.runs(spec.id, task="plaza-warm-up")))[0]
    asked = eventually(lambda: memory.inbox.find(spec.id, run=run.id))[0]

    assert first["rule:plaza-quiet"]["fired:plaza-quiet"] == 1
    assert (run.subject, asked.asked, asked.form) == ("plaza", ("cai",), "topic")  # asked least in 30 days
    desk.complete(spec.id, asked.id, outcome="done", fields=TOPIC, by="cai")
    assert room.gateway.result(run.id, PATIENCE)["end"] == "end"
    topic = memory.facts(spec).find(member="cai", kinds=["submitted"], limit=1)[0]
    assert topic.fields["space"] == "plaza"
    after = reviewed(memory, spec, topic.at + 11 * HOUR, ["rule:plaza-quiet"])["rule:plaza-quiet"]
    assert "fired:plaza-quiet" not in after, "it is not silent any more"


def test_a_miss_passes_the_turn_on_and_the_host_steps_in_last(
    room: Any, spec: Any, working: None, eventually: Any
) -> None:
    memory = room.memory
    titled(memory, spec, "bo", "cai")
    run = Launcher(memory.house, room.gateway).start(
        "plaza-warm-up", subject="plaza", at=AT + 2 * DAY, scale="1d=3s", key="passed on"
    )

    assert room.gateway.result(run.id, PATIENCE)["end"] == "end"

    turns_ = [visit for visit in memory.runs.visits(run.id) if visit.phase == "turn"]
    people = [memory.inbox.item(spec.id, f"{run.id}/turn/{visit.visit}").asked[0] for visit in turns_]
    assert people[0] != people[1]
    assert len(people) == 3
    missed = [fact for fact in memory.facts(spec).find(kinds=["missed"], limit=9) if fact.fields.get("run") == run.id]
    assert {fact.member for fact in missed} == set(people)
    assert memory.inbox.item(spec.id, f"{run.id}/host-steps-in/1").asked == ("role:host",)


def test_a_topic_counts_only_when_it_draws_many_kinds_of_owners(
    room: Any, spec: Any, working: None, desk: Desk, eventually: Any
) -> None:
    memory = room.memory
    at = AT + 4 * DAY
    run = Launcher(memory.house, room.gateway).start("plaza-topics", subject="plaza", at=at, scale=pace("1d=4s"))
    works = []
    for number in (1, 2, 3):
        item = eventually(lambda n=number: memory.inbox.item(spec.id, f"{run.id}/turn/{n}"))
        desk.complete(spec.id, item.id, outcome="done", fields=TOPIC, by=item.asked[0])
        works.append(f"{run.id}/turn/{number}/{item.asked[0]}/1")
    room.gateway.cancel(run.id)
    opened = [memory.runs.visit(run.id, "turn", number).opened_at for number in (1, 2, 3)]
    assert [later - before for before, later in pairwise(opened)] == [DAY, DAY], "a topic a day, as the task says"
    sedans, suvs = numbered("sedan-e", 8), numbered("suv-x", 8)
    replies(memory, spec, works[0], sedans[:6] + suvs[:6], at + 3 * DAY)
    replies(memory, spec, works[1], sedans, at + 3 * DAY)  # many, but all of one car
    replies(memory, spec, works[2], sedans[:2] + suvs[:2], at + 3 * DAY)  # both cars, but few

    reviewed(memory, spec, at + 3 * DAY, ["rule:topic-draws"])
    reviewed(memory, spec, at + 4 * DAY, ["rule:topic-draws"])

    done = memory.facts(spec).find(kinds=["duty_done"], limit=9)
    author = works[0].split("/")[-2]
    assert [fact.member for fact in done] == [author]
    assert [(one.account, one.amount) for one in memory.effects.balances(spec.id, "points")] == [(author, 30)]


def test_what_a_voice_earns_in_a_month_is_capped(memory: Any, spec: Any) -> None:
    from operations.effects import EffectContext, carry_out
    from operations.who import DecisionResolver

    rule = spec.rules["topic-draws"]
    for number in range(9):
        context = EffectContext(
            community=spec,
            source=f"auto/test/{number}/topic-draws/w{number}",
            at=AT + 5 * DAY,
            resolver=DecisionResolver(memory.desk, spec, subject=f"w{number}", author="bo", at=AT + 5 * DAY),
            into=memory.effects,
            origin="rule:topic-draws",
            subject=f"w{number}",
        )
        carry_out(rule.then, context)

    points = {one.account: one.amount for one in memory.effects.balances(spec.id, "points")}
    assert points["bo"] == 200
    assert memory.effects.audit(spec.id) == []


def test_too_many_adverts_or_complaints_open_an_intervention(memory: Any, spec: Any) -> None:
    at = AT + 20 * DAY
    posts(memory, spec, "talk", 26, at)
    reviewed(memory, spec, at, ["rule:plaza-noise"])
    assert not [one for one in open_items(memory, spec, "host") if one.title["en"] == "Calm the plaza"]

    posts(memory, spec, "advert", 4, at)
    counts = reviewed(memory, spec, at + HOUR, ["rule:plaza-noise"])

    assert counts["rule:plaza-noise"]["fired:plaza-noise"] == 1
    item = next(one for one in open_items(memory, spec, "host") if one.title["en"] == "Calm the plaza")
    assert (item.about, len(item.remind_at), item.escalate[0][1]) == ("plaza", 1, "role:director")
    assert ("plaza-warm-up", "plaza") in {
        (deed.details["task"], deed.details["subject"]) for deed in memory.effects.to_start(spec.id)
    }

    later = at + 5 * DAY
    posts(memory, spec, "talk", 21, later)
    posts(memory, spec, "complaint", 9, later)
    assert "fired:plaza-noise" not in reviewed(memory, spec, later, ["rule:plaza-noise"])["rule:plaza-noise"]
    posts(memory, spec, "complaint", 2, later + HOUR)
    assert reviewed(memory, spec, later + HOUR, ["rule:plaza-noise"])["rule:plaza-noise"]["fired:plaza-noise"] == 1
