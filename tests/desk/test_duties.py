"""Duties: leaders who miss theirs, circles that sleep, teams that stop talking, titles with dates, full hands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations import by_hand
from operations.effects import EffectContext, carry_out
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.runs import Run
from operations.ports.standings import Place
from operations.ports.teams import Seat, Slot, Team
from operations.staffing import team
from operations.who import DecisionResolver
from rules.spec import load
from store.folder import read_folder
from tests.desk.auto import open_items, reviewed, staffed
from tests.touch.owners import AT, SPECS, auto, happened, numbered, owners
from workflows.phases import discover

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community, connector=["lin", "mei"])
    owners(memory, community, ["li", "wang"], tier="active", stage="active")
    owners(memory, community, numbered("core", 60), tier="active", stage="active")
    return community


def give(memory: Any, spec: Any, who: str, title: str, value: str = "", days_ago: int = 0) -> None:
    details = {"item": title, **({"value": value} if value else {})}
    key = f"test/{who}/{title}/{value}"
    deed = Deed(key=key, kind="title", at=AT - days_ago * DAY, source="test", member=who, details=details)
    memory.effects.do(spec.id, [deed])


def test_a_member_has_roles_in_several_layers_and_their_history_is_kept_with_dates(memory: Any, spec: Any) -> None:
    for title, days_ago in (("topic-starter", 300), ("circle-leader", 200), ("advisor", 100)):
        give(memory, spec, "li", title, "tuning" if title == "circle-leader" else "", days_ago)
    ended = Deed(
        key="test/ended", kind="revoke", at=AT - 50 * DAY, source="test", member="li",
        details={"holding": "title", "item": "topic-starter"},
    )  # fmt: skip
    memory.effects.do(spec.id, [ended])

    history = [(one.item, one.since, one.ended_at) for one in memory.effects.holdings(spec.id, "li")]
    now = [one.item for one in memory.effects.holdings(spec.id, "li", at=AT)]

    assert history == [
        ("topic-starter", AT - 300 * DAY, AT - 50 * DAY),
        ("circle-leader", AT - 200 * DAY, None),
        ("advisor", AT - 100 * DAY, None),
    ]
    assert {spec.titles[item].layer for item in now} == {"circles", "council"}


def test_three_missed_duties_in_a_quarter_open_a_talk_with_the_leader(memory: Any, spec: Any) -> None:
    give(memory, spec, "wang", "circle-leader", "audio", 120)
    happened(memory, spec, "missed", "wang", [5, 35], mode="circle", phase="cases")
    reviewed(memory, spec, AT, ["rule:leader-falters"])
    assert not [item for item in open_items(memory, spec, "connector") if item.about == "wang"]

    happened(memory, spec, "missed", "wang", [65], mode="circle", phase="exchange")
    reviewed(memory, spec, AT + DAY / 2, ["rule:leader-falters"])
    reviewed(memory, spec, AT + DAY, ["rule:leader-falters"])

    found = [item for item in open_items(memory, spec, "connector") if item.about == "wang"]
    assert [item.title["en"] for item in found] == ["Talk with the leader"]
    assert found[0].escalate[0][1] == "role:director"


def test_a_circle_in_which_hardly_anybody_stirs_is_flagged_once_a_month(memory: Any, spec: Any) -> None:
    run = memory.runs.begin(
        Run(
            community=spec.id, id="auto/long-distance-circle", task="long-distance-circle", mode="circle",
            digest=spec.digest, opened_at=AT - 90 * DAY, began_at=AT - 90 * DAY, starter="li",
        ),
        at_once=1,
    )  # fmt: skip
    people = numbered("core", 20)
    memory.facts(spec).record(
        [Fact(f"in/{who}", "enrolled", who, AT - 5 * DAY, None, {"run": run.id, "mode": "circle"}) for who in people]
        + [Fact(f"at/{who}", "attended", who, AT - DAY, None, {"run": run.id, "mode": "circle"}) for who in people[:3]]
    )
    reviewed(memory, spec, AT, ["rule:circle-dormant"])
    reviewed(memory, spec, AT + 20 * DAY, ["rule:circle-dormant"])
    assert open_items(memory, spec, "coordinator") == [], "three of twenty have stirred within a month"

    reviewed(memory, spec, AT + 40 * DAY, ["rule:circle-dormant"])
    reviewed(memory, spec, AT + 50 * DAY, ["rule:circle-dormant"])

    flagged = open_items(memory, spec, "coordinator")
    assert [(item.about, item.title["en"]) for item in flagged] == [(run.id, "Merge or close")]


def test_a_team_that_stops_talking_for_three_days_is_looked_after(memory: Any, spec: Any) -> None:
    run = memory.runs.begin(
        Run(
            community=spec.id, id="auto/twenty-four-hours", task="twenty-four-hours", mode="group",
            digest=spec.digest, opened_at=AT - 9 * DAY, began_at=AT - 9 * DAY,
        ),
        at_once=1,
    )  # fmt: skip
    name = f"{run.id}/teams/1/1"
    formed = Team(
        id=name, community=spec.id, run=run.id, phase="teams", visit=1, number=1, formed_at=AT - 9 * DAY,
        slots=(Slot(id="script"), Slot(id="camera")),
        seats=tuple(
            Seat(team=name, slot=slot, member=who, since=AT - 9 * DAY, why={"how": "solve"})
            for slot, who in (("script", "li"), ("camera", "mo"))
        ),
    )  # fmt: skip
    memory.teams.found([formed])
    happened(memory, spec, "messaged", "li", [2, 5], team=name)

    reviewed(memory, spec, AT, ["rule:team-silent"])
    before = [item for item in open_items(memory, spec, "host") if item.about == name]
    reviewed(memory, spec, AT + 3 * DAY, ["rule:team-silent"])

    assert before == []
    found = [item for item in open_items(memory, spec, "host") if item.about == name]
    assert [item.title["en"] for item in found] == ["Look after this team"]


def test_nobody_looks_after_more_people_than_they_can(memory: Any, spec: Any) -> None:
    tier = next(tier for tier in spec.ladders["tier"].tiers if tier.id == "core")
    contact = [effect for effect in tier.then if getattr(effect, "assign", None) is not None]
    staffed(memory, spec, connector=["lin", "mei"], planner=[], director=[])
    for member in numbered("core", 60):
        context = EffectContext(
            community=spec, source=f"test/{member}", at=AT, resolver=DecisionResolver(
                memory.desk, spec, subject=member, at=AT
            ), into=memory.effects, subject=member,
        )  # fmt: skip
        carry_out(contact, context)

    carried = {
        one.person: (one.looks_after, one.full)
        for one in team(memory.effects, memory.inbox, spec)
        if one.role == "connector"
    }
    assert carried == {"lin": (25, True), "mei": (25, True)}
    refused = memory.effects.totals(spec.id)["refused"]
    assert refused == 10


def test_an_operator_pins_with_name_and_reason_and_reviews_leave_it_alone(memory: Any, spec: Any) -> None:
    place = Place(member="wang", ladder="tier")
    act = by_hand.pin(memory.desk, spec, place, "core", by="guo", reason="a guest of the house", at=AT)

    reviewed(memory, spec, AT + 5 * DAY, ["tier"])

    standing = memory.standings.one(spec.id, place)
    assert (standing.at, standing.pinned, standing.pinned_by) == ("core", True, "guo")
    assert (act.by, act.reason) == ("guo", "a guest of the house")
    by_hand.unpin(memory.desk, spec, place, by="guo", at=AT + 6 * DAY)


def test_work_is_divided_among_roles_and_a_step_nobody_owns_does_not_load(spec: Any) -> None:
    files = dict(read_folder(SPECS))
    roles = set(spec.roles)
    owned = {mode.owner for mode in spec.modes.values() if mode.owner.startswith("role:")}
    assert {owner.removeprefix("role:") for owner in owned} <= roles
    assert len(owned) >= 7

    for old, new in (("owner: role:coordinator\n", ""), ("by: role:director\n", "by: role:nobody\n")):
        broken = files["modes/support.yaml"].replace(old.encode(), new.encode(), 1)
        found = load({**files, "modes/support.yaml": broken}, discover())
        assert found.diagnostics
        assert all(one.file == "modes/support.yaml" for one in found.diagnostics)


def test_each_step_of_each_mode_names_whose_it_is_and_that_is_somebodys_work(spec: Any) -> None:
    """By its own key, or by that of the run: whatever people are asked to do goes to a role, or to members."""
    from rules.spec.people import refs
    from rules.spec.phase import every_phase

    asked: dict[str, set[str]] = {}
    for mode in spec.modes.values():
        assert mode.owner, mode.id
        for _, phase in every_phase(mode.phases):
            steps = [getattr(phase, key, None) for key in ("by", "host")]
            steps += [getattr(getattr(effect, "open", None), "by", None) for effect in getattr(phase, "effects", ())]
            for who in filter(None, steps):
                for ref in refs(who):
                    asked.setdefault(ref, set()).add(f"{mode.id}.{phase.id}")
            if phase.kind in ("ask", "review", "judge"):
                assert getattr(phase, "by", None), (mode.id, phase.id)
    roles = {ref.removeprefix("role:") for ref in asked if ref.startswith("role:")}
    functions = {"scout", "connector", "planner", "director", "coordinator", "analyst", "optimiser", "host"}
    assert functions <= roles, "the work of a programme is divided among its functions"
    assert roles <= set(spec.roles)
    keepers = {str(one.keeper).removeprefix("role:") for one in spec.resources.values() if hasattr(one, "keeper")}
    assert "supporter" in keepers, "who looks after goods is the supporter"
    assert keepers <= set(spec.roles)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("modes/support.yaml", "    by: role:coordinator\n", "", "by"),
        ("modes/support.yaml", "by: role:coordinator", "by: role:nobody", "nobody"),
        ("modes/support.yaml", "owner: role:coordinator\n", "", "owner"),
        ("rules.yaml", "open: { by: role:scout, title", "open: { title", "by"),
        ("resources.yaml", ", keeper: role:supporter }", " }", "keeper"),
        ("sla.yaml", "to: role:director", "to: role:nobody", "nobody"),
    ],
)
def test_a_step_without_somebody_whose_it_is_does_not_load(spec: Any, file: str, old: str, new: str, said: str) -> None:
    files = dict(read_folder(SPECS))
    assert old.encode() in files[file], "the sample has changed"

    found = load({**files, file: files[file].replace(old.encode(), new.encode(), 1)}, discover())

    assert found.community is None or any(one.severity == "error" for one in found.diagnostics)
    assert [one for one in found.diagnostics if one.file == file and said in one.message], found.diagnostics
