"""Waking: what is reviewed `every: fact` is looked at as soon as facts are recorded, once for many."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from cli.wiring import Room
from operations.ports.facts import Fact
from rules.spec import Community
from tests.moves.club import RULES, people, publish
from worker import Rhythm
from workflows.waking import LONGEST, QUIET, REST, Waking

AT_ONCE = RULES.replace('review: { every: day, at: "06:30" }', "review: { every: fact }")


class Word:
    """Word of facts, when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.came: set[str] = set()
        self.looks: list[tuple[float, str]] = []
        self.waking = Waking(self, lambda community: self.looks.append((self.now, community)), lambda: self.now)

    def take(self) -> set[str]:
        came, self.came = self.came, set()
        return came

    def go(self, seconds: float, *, coming: bool = False) -> None:
        """Let time go by in halves of a second, with facts in each of them or without."""
        for _ in range(round(seconds * 2)):
            self.now += 0.5
            self.came = {"club"} if coming else set()
            self.waking.turn()


def test_facts_that_come_close_together_are_looked_at_once() -> None:
    word = Word()
    word.go(6, coming=True)
    assert word.looks == []
    word.go(QUIET)
    assert word.looks == [(6 + QUIET, "club")]
    word.go(60)
    assert len(word.looks) == 1


def test_a_stream_without_end_is_looked_at_now_and_then() -> None:
    word = Word()
    word.go(LONGEST * 4, coming=True)
    assert 3 <= len(word.looks) <= 4


def test_what_a_look_brings_about_is_looked_at_after_a_rest() -> None:
    word = Word()
    word.go(0.5, coming=True)
    word.go(QUIET)
    word.go(0.5, coming=True)
    word.go(REST)
    assert [later - earlier >= REST for (earlier, _), (later, _) in zip(word.looks, word.looks[1:], strict=False)] == [
        True
    ]


@pytest.mark.servers
def test_a_recorded_fact_wakes_its_rules_without_waiting_for_the_next_day(
    room: Room,
    worker: Callable[..., AbstractContextManager[None]],
    eventually: Callable[..., object],
) -> None:
    club: Community = publish(room.memory, rules=AT_ONCE)
    people(room.memory, club, "ann", "bob", joined=datetime.now(UTC) - timedelta(days=5))
    rhythm = Rhythm(room)
    rhythm.keep()

    def greeted() -> bool:
        rhythm.wake()
        return len(room.memory.facts(club).find(kinds=["greeted"])) > 0

    def reviews() -> int:
        return len(room.memory.reviews.latest("club", limit=50))

    with worker():
        now = datetime.now(UTC)
        for number in range(40):  # as an import in forty batches
            room.memory.facts(club).record([Fact(f"v{number}", "warned", "ann", now - timedelta(hours=number))])
        eventually(greeted)
        assert reviews() <= 2  # the look, and perhaps the one at the facts that it recorded
        assert {fact.member for fact in room.memory.facts(club).find(kinds=["greeted"])} == {"ann", "bob"}


@pytest.mark.servers
def test_nobody_is_told_of_facts_that_nothing_waits_for(room: Room) -> None:
    club = publish(room.memory)
    people(room.memory, club, "cai")
    room.memory.arrivals.take()
    room.memory.facts(club).record([Fact("quiet", "warned", "cai", datetime.now(UTC))])
    assert room.memory.arrivals.take() == set()
