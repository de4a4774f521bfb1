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
PEOPLE = (
    "honest",
    "vain",
    "ann",
    "ben",
    "ring-1",
    "ring-2",
    "ring-3",
    "flooded",
    "popular",
    "befriended",
    "adored",
    "helper",
)


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


def like(who: str, by: str, day: float, minute: float = 0) -> Fact:
    at = AT - day * DAY + timedelta(minutes=minute)
    return Fact(f"like/{who}/{by}/{day}/{minute}", "liked", who, at, None, {"by": by, "work": f"{who}-1"})


def figures(memory: Memory, spec: Community, name: str, over: str = "90d") -> dict[str, int]:
    known = Known(memory.house, spec, AT)
    found = known.figures([(name, over)], members=list(PEOPLE))[name, over]
    return {who: int(value or 0) for who, value in found.items()}  # type: ignore[arg-type]


def test_only_likes_that_others_gave_of_themselves_count_and_so_many_a_day(memory: Memory, auto: Community) -> None:
    likes = []
    for n in range(55):
        likes.append(like("honest", f"reader-{n}", 2 + n))  # one a day, each by somebody else
        likes += [like("vain", "vain", 2 + n), like("vain", "role:host", 2 + n, 5)]  # their own, and the staff's
        first, second = ("ann", "ben") if n % 2 else ("ben", "ann")
        likes += [like(first, second, 2 + n), like(second, first, 2 + n, 10)]  # given back within the hour
        ring = [f"ring-{(n + step) % 3 + 1}" for step in range(3)]
        likes += [like(one, ring[(at + 1) % 3], 2 + n, 7 * at) for at, one in enumerate(ring)]  # round over a third
        likes.append(like("befriended", "friend", 9, 11 * n))  # one friend on one day, slowly
        likes.append(like("adored", "friend", 2 + n, 3))  # one friend day by day, for most of two months
    likes += [like("flooded", f"robot-{n}", 3, n / 60) for n in range(300)]  # a like each second
    likes += [like("popular", f"fan-{n}", 3, 2 * n) for n in range(90)]  # one every other minute, for three hours
    memory.facts(auto).record(likes)

    counted = figures(memory, auto, "likes_received")

    assert counted["honest"] == 55
    assert counted["vain"] == 0
    assert counted["ann"] + counted["ben"] == 0, "of all that they exchanged nothing counts, not even what began it"
    assert [counted[f"ring-{n}"] for n in (1, 2, 3)] == [0, 0, 0], "nor of what went round"
    assert counted["befriended"] == 3, "the fourth of one friend on one day says nothing new"
    assert counted["adored"] == 2 * 8, "nor the ninth of a month"
    assert counted["flooded"] == 0, "nor one of three hundred that came within five minutes"
    assert counted["popular"] == 30, "and of many that came over an evening, no more than a day's luck"


def test_what_others_do_takes_from_nobody_what_came_outside_of_the_game(memory: Memory, auto: Community) -> None:
    memory.facts(auto).record([like("helper", f"reader-{n}", 30, 7 * n) for n in range(3)])
    before = figures(memory, auto, "likes_received")["helper"]
    flood = [like("helper", f"robot-{n}", 30, 30 + n / 60) for n in range(200)]  # a rival's, to do harm
    memory.facts(auto).record(flood)
    flooded = figures(memory, auto, "likes_received")["helper"]
    memory.facts(auto).record([like("reader-1", "helper", 30, 60)])  # helper likes back: theirs to leave

    held = memory.facts(auto).find(member="helper", kinds=["liked"], limit=999)

    assert (before, flooded) == (3, 3), "the flood counts not at all, and what came before it still does"
    marked = {str(fact.fields["by"]) for fact in held if fact.fields.get("suspect")}
    assert marked == {"reader-1", *(f"robot-{n}" for n in range(200))}
    assert figures(memory, auto, "likes_received")["helper"] == 2, "what was given back is given back, and no more"
    memory.facts(auto).withdraw([like("reader-1", "helper", 30, 60).id], reason="a mistake", at=AT)
    assert figures(memory, auto, "likes_received")["helper"] == 3


def test_a_rule_that_reads_likes_sees_the_honest_one_only(memory: Memory, auto: Community) -> None:
    reviewed(memory, auto)

    held = {one.member for one in memory.effects.holdings("auto") if one.item == "topic-starter"}

    assert held & {"honest", "vain", "ann", "ben", "ring-1", "ring-2", "ring-3", "befriended", "adored"} == {"honest"}


def test_help_counts_so_often_a_day_and_never_to_oneself(memory: Memory, auto: Community) -> None:
    def replied(to: str, minute: float, day: int) -> Fact:
        fields = {"to": to, "work": f"{to}-1", "space": "private", "helpful": True}
        at = AT - day * DAY + timedelta(minutes=minute)
        return Fact(f"reply/{to}/{minute}/{day}", "replied", "helper", at, None, fields)

    memory.facts(auto).record([replied("honest", 4 * n, 1) for n in range(30)])  # patiently, thirty in two hours
    memory.facts(auto).record([replied("ann", n / 10, 5) for n in range(200)])  # pasted, ten a minute

    assert figures(memory, auto, "helpful_replies")["helper"] == 20 + 20
