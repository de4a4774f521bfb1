"""The ladder of an infrastructure project, reviewed: who vouches counts, objections have a week, silence ends it."""

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.ports.standings import Place
from tests.examples.reviewing import AT, House

pytestmark = pytest.mark.servers


@pytest.fixture
def house(remembered: Memory) -> House:
    house = House(remembered, "infrastructure")
    ready = {"two_factor": True, "subscribed": True, "read_guide": True}
    house.people("new", "rae", "rob", "app", "own", "out", **ready)
    for member, company in (("rae", "acme"), ("rob", "acme"), ("app", "borealis"), ("own", "cirrus"), ("new", "acme")):
        house.people(member, company=company)
    for member in ("rae", "rob", "app", "own", "out"):
        house.stand(member, "member")
        house.facts("contributed", member, [5], subproject="network", what="change")
    for member, role in (("rae", "reviewer"), ("rob", "reviewer"), ("app", "approver"), ("own", "subproject-owner")):
        house.stand(member, role, "maintenance", "network")
    house.memory.effects.staff("infrastructure", "org-admin", ["ada"])
    return house


def test_sponsors_count_who_review_and_of_different_companies(house: House) -> None:
    house.facts("contributed", "new", [9, 8, 7], subproject="network", what="change")
    house.facts("sponsored", "new", [4], by="rae")
    house.facts("sponsored", "new", [4], by="out")  # a member, but no reviewer anywhere
    assert house.reviewed()["tier"].get("asked") is None
    house.facts("sponsored", "new", [3], by="rob")  # a second reviewer, of the first one's company
    assert house.reviewed(AT + timedelta(hours=1))["tier"].get("asked") is None
    house.facts("sponsored", "new", [2], by="app")

    assert house.reviewed(AT + timedelta(hours=2))["tier"]["asked"] == 1
    assert house.asked(AT + timedelta(hours=2))["new"].whom == "approval"
    house.says("role:org-admin", "agree", AT + timedelta(hours=3))
    assert house.asked(AT + timedelta(hours=3))["new"].outcome == "moved"
    assert house.at("new") == "member"


def test_a_year_of_silence_ends_membership_and_the_roles_that_need_it(house: House) -> None:
    late = AT + timedelta(days=370)
    house.facts("contributed", "rob", [-300], subproject="storage", what="issue")

    counts = house.reviewed(late)

    assert counts["tier"]["moved:member>contributor"] == 4
    assert house.at("rae") == "contributor"
    assert house.at("rob") == "member"
    assert house.at("rob", "maintenance", "network") == "participant"  # a year without a word in this subproject
    assert house.at("own", "maintenance", "network") == "participant"


def test_whoever_comes_back_needs_new_sponsors(house: House) -> None:
    house.facts("sponsored", "out", [600], by="rae")
    house.facts("sponsored", "out", [600], by="app")
    house.facts("contributed", "rae", [-300, -380], subproject="network", what="change")
    house.facts("contributed", "app", [-300, -380], subproject="network", what="change")
    house.reviewed(AT + timedelta(days=370))
    assert house.at("out") == "contributor"
    house.facts("contributed", "out", [-372, -373], subproject="network", what="change")
    assert house.reviewed(AT + timedelta(days=380))["tier"].get("asked") is None

    house.facts("sponsored", "out", [-381], by="rae")
    house.facts("sponsored", "out", [-381], by="app")

    assert house.reviewed(AT + timedelta(days=382))["tier"]["asked"] == 1


def candidate(house: House) -> None:
    house.stand("new", "member")
    for change in range(20):
        house.facts(
            "reviewed", "new", [100 - change], subproject="network", change=f"c{change}", author="rae",
            primary=change < 5, substantial=True,
        )  # fmt: skip
    house.facts("endorsed", "new", [20], by="rae", subproject="network", role="reviewer")  # a reviewer may not


def test_only_an_approver_of_the_subproject_can_nominate(house: House) -> None:
    candidate(house)
    house.stand("out", "approver", "maintenance", "storage")
    house.facts("endorsed", "new", [19], by="out", subproject="network", role="reviewer")
    assert "asked" not in house.reviewed()["maintenance@network"]

    house.facts("endorsed", "new", [18], by="app", subproject="network", role="reviewer")

    assert house.reviewed(AT + timedelta(hours=1))["maintenance@network"]["asked"] == 1


@pytest.mark.parametrize(
    ("said", "when", "outcome"),
    [
        ({}, 8, "moved"),  # silence agrees, when the week is over
        ({"app": "agree"}, 3, ""),  # a single yes does not cut it short
        ({"app": "agree", "own": "agree"}, 3, "moved"),  # unless everybody has spoken
        ({"app": "agree", "own": "refuse"}, 3, "refused"),  # one objection is enough
        ({"app": "agree"}, 8, "moved"),
    ],
)
def test_an_objection_has_a_week(house: House, said: dict[str, str], when: int, outcome: str) -> None:
    candidate(house)
    house.facts("endorsed", "new", [18], by="app", subproject="network", role="reviewer")
    house.reviewed()
    assert house.asked(AT)["new"].whom == "approval"
    assert [
        item.asked for person in ("app", "own", "rae") for item in house.memory.inbox.find(house.id, member=person)
    ] == [("app",), ("own",)]  # the approvers and owners of this subproject, nobody else
    for person, word in said.items():
        house.says(person, word, AT + timedelta(days=2))

    assert (house.asked(AT + timedelta(days=when))["new"].outcome or "") == outcome
    assert house.at("new", "maintenance", "network") == ("reviewer" if outcome == "moved" else "participant")
    assert house.at("new", "maintenance", "storage") == "participant"


def test_nobody_to_object_is_silence(house: House) -> None:
    candidate(house)
    house.people("own", bot=True)
    for change in range(20):
        house.facts(
            "reviewed", "new", [100 - change], subproject="docs", change=f"d{change}", author="rae",
            primary=True, substantial=True,
        )  # fmt: skip
    house.stand("app", "approver", "maintenance", "docs")
    house.facts("endorsed", "new", [18], by="app", subproject="docs", role="reviewer")
    house.memory.standings.pin(
        house.id, _docs("app"), to="participant", by="ada", reason="moved to another project", at=AT - timedelta(days=1)
    )
    house.reviewed()

    assert house.asked(AT)["new"].outcome is None
    assert house.asked(AT + timedelta(days=8))["new"].outcome == "moved"
    assert house.at("new", "maintenance", "docs") == "reviewer"


def _docs(member: str) -> Place:
    return Place(member=member, ladder="maintenance", value="docs")
