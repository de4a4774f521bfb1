"""Gaming the sample community: what friends, robots and one's own hand add says nothing, in figures and in rules."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.known import Known
from operations.ports.facts import Fact
from rules.spec import Community
from tests.people.owners import AT, enlist, owners, reviewed

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
PEOPLE = ("honest", "vain", "ann", "ben", "ring-1", "ring-2", "ring-3", "flooded", "befriended", "helper")


@pytest.fixture(scope="module")
def auto(memory: Memory) -> Community:
    """Owners who have all posted in each of the last eight weeks; who likes whom is the tests' matter."""
    spec = owners(memory)
    for who in PEOPLE:
        enlist(memory, spec, who, origin="private_domain", consent=True, tier="active", stage="active")
        weeks = [AT - timedelta(weeks=n, hours=9) for n in range(8)]
        memory.facts(spec).record(
            [
                Fact(f"post/{who}/{n}", "posted", who, at, None, {"work": f"{who}-{n}", "nature": "talk"})
                for n, at in enumerate(weeks)
            ]
        )
    return spec


def liked(memory: Memory, who: str, by: str, day: float, minute: float = 0, key: str = "") -> None:
    at = AT - day * DAY + timedelta(minutes=minute)
    fact = Fact(f"like/{who}/{by}/{day}/{minute}/{key}", "liked", who, at, None, {"by": by, "work": f"{who}-1"})
    memory.facts("auto").record([fact])


def figures(memory: Memory, spec: Community, name: str, over: str = "90d") -> dict[str, int]:
    known = Known(memory.house, spec, AT)
    found = known.figures([(name, over)], members=list(PEOPLE))[name, over]
    return {who: int(value or 0) for who, value in found.items()}  # type: ignore[arg-type]


def test_only_likes_that_others_gave_of_themselves_count_and_so_many_a_day(memory: Memory, auto: Community) -> None:
    for n in range(55):
        liked(memory, "honest", f"reader-{n}", 2 + n)  # one a day, each by somebody else
        liked(memory, "vain", "vain", 2 + n)
        liked(memory, "vain", "role:host", 2 + n, 5)  # and one of the staff
        first, second = ("ann", "ben") if n % 2 else ("ben", "ann")
        liked(memory, first, second, 2 + n)
        liked(memory, second, first, 2 + n, 10)  # given back within the hour
        ring = [f"ring-{(n + step) % 3 + 1}" for step in range(3)]
        for number, one in enumerate(ring):
            liked(memory, one, ring[(number + 1) % 3], 2 + n, 7 * number)  # round over a third
        liked(memory, "befriended", "friend", 9, 11 * n)  # one friend on one day, slowly
    for n in range(300):
        liked(memory, "flooded", f"robot-{n}", 3, n / 60)  # a like each second

    counted = figures(memory, auto, "likes_received")

    assert counted["honest"] == 55
    assert counted["vain"] == 0
    assert counted["ann"] + counted["ben"] == 55, "of each exchange, the like that nobody had asked for"
    assert sum(counted[f"ring-{n}"] for n in (1, 2, 3)) == 2 * 55, "what closes a ring is none"
    assert counted["befriended"] == 3, "the fourth of one friend on one day says nothing new"
    assert counted["flooded"] <= 60, "a flood is over as soon as it is seen to be one"


def test_a_rule_that_reads_likes_sees_the_honest_one_only(memory: Memory, auto: Community) -> None:
    reviewed(memory, auto)

    held = {one.member for one in memory.effects.holdings("auto") if one.item == "topic-starter"}

    assert held & {"honest", "vain", "ann", "ben", "ring-1", "ring-2", "ring-3", "befriended"} == {"honest"}


def test_help_counts_so_often_a_day_and_never_to_oneself(memory: Memory, auto: Community) -> None:
    def replied(to: str, minute: float, day: int) -> Fact:
        fields = {"to": to, "work": f"{to}-1", "space": "private", "helpful": True}
        at = AT - day * DAY + timedelta(minutes=minute)
        return Fact(f"reply/{to}/{minute}/{day}", "replied", "helper", at, None, fields)

    memory.facts(auto).record([replied("honest", 4 * n, 1) for n in range(30)])  # patiently, thirty in two hours
    memory.facts(auto).record([replied("ann", n / 10, 5) for n in range(200)])  # pasted, ten a minute

    assert figures(memory, auto, "helpful_replies")["helper"] == 20 + 20
