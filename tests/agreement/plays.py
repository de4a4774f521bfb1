"""Plays of the shipped communities, on paper and on servers: the same case, once without and once with Temporal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from operations.people import RELATIONS
from operations.ports.effects import Deed
from operations.ports.members import Member
from operations.ports.runs import Planned, Visit
from operations.ports.standings import LIFECYCLE, First, Place
from rules.fact import Fact
from rules.gate import Gate
from rules.rulebook import compile_rulebook
from rules.spec import Community, load
from rules.spec.documents.cases import Cases, Play
from rules.time import moment
from rules.values import Evidence
from store.folder import read_folder
from workflows.paper.conductor import Played, play
from workflows.paper.script import CaseScript
from workflows.phases import discover
from workflows.play import Scene
from workflows.ready import cannot_run
from workflows.scenes import Setting

SPECS = Path(__file__).parents[2] / "specs"
MOST_PHASES = 120
"""A play with more entries of phases costs servers too much."""


def loaded(name: str) -> tuple[dict[str, bytes], Community]:
    """A shipped community, or one that only these tests know."""
    files = read_folder(SPECS / name if (SPECS / name).is_dir() else Path(__file__).parent / name)
    community = load(files, discover()).community
    assert community is not None
    return dict(files), community


def called(files: Mapping[str, bytes], old: str, new: str) -> tuple[dict[str, bytes], Community]:
    """The same community under another id, so that its reviews look at nobody else's members."""
    renamed = {
        **files,
        "community.yaml": files["community.yaml"].replace(f"id: {old}\n".encode(), f"id: {new}\n".encode(), 1),
    }
    community = load(renamed, discover()).community
    assert community is not None
    assert community.id == new
    return renamed, community


def plays(community: Community) -> list[tuple[datetime, Play]]:
    """Every play that can be played, its people under names that no other play uses, and its moment."""
    found: list[tuple[datetime, Play]] = []
    for document in community.documents:
        if isinstance(document.model, Cases):
            at = moment(document.model.at, community.zone)
            for case in document.model.cases:
                if isinstance(case, Play) and not cannot_run(community.bind(case.task)):
                    found.append((at, renamed(case, len(found))))
    return found


def renamed(case: Play, number: int) -> Play:
    """The same play with people of its own: li is li-7."""
    names = {person.id: f"{person.id}-{number}" for person in case.members}
    return case.model_copy(
        update={
            "members": tuple(one.model_copy(update={"id": names[one.id]}) for one in case.members),
            "steps": tuple(
                one.model_copy(
                    update={
                        "who": names.get(one.who, one.who),
                        "gives": {field: names.get(str(said), said) for field, said in one.gives.items()},
                    }
                )
                for one in case.steps
            ),
        }
    )


def on_paper(community: Community, case: Play, at: datetime) -> Played:
    return play(community, compile_rulebook(community), case, at)


def enlist(
    memory: Any, community: Community, case: Play, played: Played, at: datetime
) -> tuple[str | None, Mapping[str, Evidence]]:
    """Make the people of a play known to the memory; returns the run's subject there, and what is given of whom."""
    gate = Gate(community, compile_rulebook(community))
    people: dict[str, Mapping[str, Any]] = {
        person.id: {"consent": True, **person.attributes} for person in case.members
    }
    new = {name: f"{name}-{crc32(case.name.encode())}" for name in played.made_up}
    people |= {new[name]: evidence.attributes for name, evidence in played.made_up.items()}
    before = at - timedelta(days=400)
    kept = memory.members(community).attributes()
    memory.members(community).enlist(
        [
            Member(who, before, {name: value for name, value in known.items() if name in kept and value is not None})
            for who, known in people.items()
        ],
        at=before,
    )
    firsts = [
        First(place=Place(member=who, ladder=LIFECYCLE if name == "stage" else name), at=str(known[name]))
        for who, known in people.items()
        for name in ("tier", "stage")
        if known.get(name) is not None
    ]
    memory.standings.begin(community.id, firsts, at=before)
    in_order = [
        Deed(
            key=f"{who}/{relation}",
            kind="assign",
            at=before,
            source="case",
            member=who,
            details={"relation": relation, "roles": [{"role": next(iter(community.roles)), "capacity": None}]},
        )
        for who in people
        for relation in RELATIONS
    ]
    memory.effects.do(community.id, in_order)
    for who, known in people.items():
        titles = known.get("titles")
        deeds = [
            Deed(key=f"{who}/{title}", kind="title", at=before, source="case", member=who, details={"item": title})
            for title in (titles if isinstance(titles, frozenset | tuple) else ())
        ]
        memory.effects.do(community.id, deeds)
    given = {one.id: gate.evidence({"consent": True, **one.attributes}, one.metrics) for one in case.members}
    given |= {new[name]: evidence for name, evidence in played.made_up.items()}
    return new.get(played.subject or "", played.subject), given


class Scripts:
    """The scripts of the runs that are under way."""

    def __init__(self) -> None:
        self.by_run: dict[str, CaseScript] = {}

    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        return self.by_run[setting.run.id].planned(setting, visit, scene)

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        return self.by_run[setting.run.id].outcome(setting, visit, came)


def told(facts: Sequence[Fact], run: str, people: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """How many facts of each kind a run recorded about whom; made-up people under one name."""
    return Counter(
        (fact.kind, people.get(fact.member or "", fact.member or "")) for fact in facts if fact.fields.get("run") == run
    )
