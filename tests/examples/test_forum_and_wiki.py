"""A forum's levels and a wiki's groups, reviewed: floors, locks, grace, shares of everybody; once, and never again."""

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.ports.effects import Deed
from operations.ports.standings import Place
from tests.examples.reviewing import AT, House

pytestmark = pytest.mark.servers


def regular(house: House, member: str, days: int, *, first: int = 1) -> None:
    """A hundred days of a regular, as facts: `days` visits."""
    for day in range(first, first + days):
        house.facts("visited", member, [day], posts_read=20, time_read=900)
    for topic in range(200):
        house.facts("topic_entered", member, [first + topic % 40], topic=f"t{topic}")
    for topic in range(10):
        house.facts("posted", member, [first + topic], topic=f"t{topic}", opens=False, private=False)
    for like in range(30):
        house.facts("liked", f"u{like % 6}", [first + like % 9], by=member, post=f"p{like}", private=False)
        house.facts("liked", member, [first + like % 9], by=f"u{like % 6}", post=f"q{like}", private=False)


def test_a_forum_lifts_holds_and_lets_fall(remembered: Memory) -> None:
    house = House(remembered, "forum")
    known = {"suspended": False, "silenced": False, "bot": False}
    house.people("rita", "lock", "grp", "inv", "idle", **known)
    house.people("grp", group_granted_trust_level=3)
    house.people("inv", invited=True)
    for member in ("rita", "lock"):
        house.stand(member, "tl2")
        regular(house, member, 60)
    house.memory.standings.pin(
        house.id, Place(member="lock", ladder="tier"), to=None, by="mod", reason="agreed in a talk", at=AT
    )
    for topic in range(400):
        house.facts("posted", "idle", [topic % 90], topic=f"o{topic}", opens=True, private=False)

    counts = house.reviewed()["tier"]

    assert counts["moved:tl2>tl3"] == 1
    assert [house.at(member) for member in ("rita", "lock", "grp", "inv")] == ["tl3", "tl2", "tl3", "tl1"]
    house.facts("silenced", "rita", [-5])
    house.reviewed(AT + timedelta(days=13))
    assert house.at("rita") == "tl3"  # two weeks of grace
    house.facts("unsilenced", "rita", [-6], expired=True)
    house.reviewed(AT + timedelta(days=14))
    assert house.at("rita") == "tl2"  # the penalty stands although it ran out
    assert house.at("grp") == "tl3"  # a floor holds whoever never read a word
    house.people("grp", group_granted_trust_level=0)
    house.reviewed(AT + timedelta(days=15))
    assert house.at("grp") == "tl2"


def test_a_wiki_gives_a_group_once_and_never_again(remembered: Memory) -> None:
    house = House(remembered, "wiki")
    house.people("ed", "new", joined=AT - timedelta(days=60), registered=True, email_confirmed=True)
    house.people("ed", "new", suspended=False, bot=False)
    house.facts("edited", "ed", [1 + n / 20 for n in range(500)], page="p")
    house.facts("edited", "new", [1 + n / 20 for n in range(499)], page="p")

    def titles(member: str) -> list[str]:
        frame = remembered.standings.frame(house.spec, AT + timedelta(days=9), subjects=[member])
        return sorted(frame["titles"].to_list()[0])

    assert house.reviewed()["rules:member"]["fired:extendedconfirmed"] == 1
    assert titles("ed") == ["extendedconfirmed"]
    assert titles("new") == []
    taken = Deed(
        key="taken/ed", kind="revoke", at=AT + timedelta(days=1), source="taken", member="ed",
        details={"holding": "title", "item": "extendedconfirmed"},
    )  # fmt: skip
    remembered.effects.do(house.id, [taken])
    assert titles("ed") == []

    again = house.reviewed(AT + timedelta(days=2))["rules:member"]
    assert "true:extendedconfirmed" not in again  # titles_held remembers what somebody took away
    house.facts("edited", "new", [-3], page="p")
    assert house.reviewed(AT + timedelta(days=4))["rules:member"]["fired:extendedconfirmed"] == 1
    assert titles("new") == ["extendedconfirmed"]
