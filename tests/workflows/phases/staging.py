"""A stage for the play of any kind: its cases beside it, as phase and scene."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import workflows.phases
from operations.ports.resources import Claim
from operations.ports.runs import Act, Run, Work
from rules.spec.node import Context
from rules.spec.source import as_written
from rules.time import Duration, add
from workflows.phases import discover
from workflows.play import Asked, Figures, Free, Kind, Scene, play_of

OPENED = datetime(2027, 3, 8, tzinfo=UTC)
KINDS = sorted(kind for kind in discover() if play_of(kind) is not None)


def cases() -> list[tuple[str, dict[str, Any]]]:
    """Every case beside every kind."""
    folder = Path(next(iter(workflows.phases.__path__)))
    return [
        (kind, case)
        for kind in KINDS
        for case in YAML(typ="safe").load((folder / kind / "cases.yaml").read_text("utf-8"))
    ]


def moment(text: str | None) -> datetime:
    return OPENED if text is None else later(text, OPENED)


def later(within: str, since: datetime) -> datetime:
    from zoneinfo import ZoneInfo

    return add(since, Duration.parse(within), ZoneInfo("UTC"))


def act(written: dict[str, Any]) -> Act:
    return Act(
        verb=written["does"],
        by=written["by"],
        at=moment(written["at"]),
        about=written.get("about", ""),
        role=written.get("role"),
        choice=written.get("choice"),
        fields=written.get("gives", {}),
        version=written.get("version", 1),
        visit=1,
    )


def claim(written: dict[str, Any]) -> Claim:
    receiver = written["for"]
    return Claim(
        community="c",
        key=f"c/t/1/phase/1:{receiver}",
        kind=written.get("kind", "stock"),
        resource="something",
        receiver=receiver,
        member=receiver,
        run="c/t/1",
        phase="phase",
        visit=1,
        amount=written.get("amount", 1),
        spend=written.get("spend", False),
        asked_at=OPENED,
        settle_at=OPENED,
        state=written["state"],
        settled_at=moment(written["at"]) if "at" in written else None,
        begins_at=moment(written["begins"]) if "begins" in written else None,
    )


def child(written: dict[str, Any]) -> Run:
    return Run(
        community="c",
        id=written["id"],
        task="t",
        mode="m",
        digest="d",
        opened_at=OPENED,
        began_at=OPENED,
        parent="c/t/1",
        status=written["status"],
        end=written.get("end"),
        ended_at=moment(written["at"]) if "at" in written else None,
    )


def free_in(case: dict[str, Any]) -> list[Free]:
    """Who can be in teams: the parts they can fill, and their traits."""
    traits = case.get("traits", {})
    return [
        Free(
            id=who,
            parts=frozenset(parts),
            traits={name: frozenset(of[who]) if who in of else None for name, of in traits.items()},
        )
        for who, parts in case.get("free", {}).items()
    ]


def work(id_: str, author: str, at: datetime, fields: dict[str, Any] | None = None) -> Work:
    return Work(community="c", id=id_, run="c/t/1", phase="e", visit=1, author=author, at=at, fields=fields or {})


def stage(kind: str, case: dict[str, Any]) -> tuple[Kind, Any, Scene]:
    """A kind's play, the phase of a case, and the scene in which the case stands."""
    play = play_of(kind)
    assert play is not None
    tree = as_written({"id": "phase", "kind": kind, **case["phase"]})
    phase = discover()[kind].model_validate(tree, context=Context(kinds=discover()))
    within = case["phase"].get("within")
    works = {f"w{n}": work(f"w{n}", one["author"], moment(one["at"])) for n, one in enumerate(case.get("works", []))}
    said = case.get("fields", {})
    works |= {thing: work(thing, author, OPENED, said.get(thing)) for thing, author in case.get("things", {}).items()}
    figures = {
        Asked(name): Figures("work", {thing: Fraction(value) for thing, value in values.items()}, 0)
        for name, values in case.get("figures", {}).items()
    }
    expected = case.get("expected")
    scene = Scene(
        at=moment(case.get("at")),
        opened_at=OPENED,
        deadline=moment(within),
        asked=tuple(case.get("asked", ())),
        things=tuple(case.get("things", ())),
        works=works,
        expected=None if expected is None else tuple(expected),
        acts=tuple(act(one) for one in case.get("acts", ())),
        figures=figures,
        claims=tuple(claim(one) for one in case.get("claims", ())),
        groups={name: tuple(people) for name, people in case.get("groups", {}).items()},
        children=tuple(child(one) for one in case.get("children", ())),
        refused=tuple(case.get("unstarted", ())),
        agreed={field: frozenset(values) for field, values in case.get("agreed", {}).items()},
        holds=case.get("holds"),
        until=later,
        free=lambda: free_in(case),
        apart=lambda: frozenset(frozenset(pair) for pair in case.get("apart", ())),
        place="c/t/1/phase",
    )
    if kind == "form_teams":
        scene = replace(scene, kept=play.opening(phase, replace(scene, at=OPENED, acts=())).kept)
    return play, phase, scene
