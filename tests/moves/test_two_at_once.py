"""One step of a move taken twice at the same time, as when a worker that was given up goes on: it is taken once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from cli.memory import Memory
from operations import consent, membership
from operations.ports.standings import Place
from rules.spec import Community
from tests.moves.club import AT, facts, people, publish, reviewed
from tests.waiting import eventually

pytestmark = pytest.mark.servers


@pytest.fixture
def club(remembered: Memory) -> Community:
    community = publish(remembered)
    remembered.effects.staff("club", "keeper", ["kim"])
    return community


def accepted(memory: Memory, club: Community) -> str:
    """A member who has said yes to becoming trusted; the move is still to be made. Returns its id."""
    people(memory, club, "ann")
    facts(memory, club, "posted", "ann", [n / 10 for n in range(9)])
    for days in (0, 1, 8):
        reviewed(memory, AT + timedelta(days=days))
    (move,) = memory.memberships.unstarted("club")
    at = move.opened_at
    assert membership.advance(memory.desk, "club", move.id, at).whom == "approval"
    (item,) = [one for one in memory.inbox.find("club", role="keeper") if "ladder" in one.details]
    memory.inbox.complete("club", item.id, outcome="agree", fields={}, by="kim", at=at)
    assert membership.advance(memory.desk, "club", move.id, at).whom == "invitation"
    memory.memberships.answer("club", move.id, answer="accept", at=at)
    return move.id


@contextmanager
def meanwhile(memory: Memory, do: object) -> Iterator[list[object]]:
    """Something done by somebody else, who comes while the block has not committed and has to wait for it."""
    came: list[object] = []
    other = threading.Thread(target=lambda: came.append(do()))  # type: ignore[operator]

    def waits() -> bool:
        with memory.engine.connect() as connection:
            return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar())

    with memory.desk.together():
        yield came
        other.start()
        eventually(waits)
    other.join(60)


def test_a_move_that_two_take_further_at_once_is_made_once_and_both_say_so(remembered: Memory, club: Community) -> None:
    id_ = accepted(remembered, club)
    at = AT + timedelta(days=9)

    with meanwhile(remembered, lambda: membership.advance(remembered.desk, "club", id_, at).outcome) as other:
        assert membership.advance(remembered.desk, "club", id_, at).outcome == "moved"

    assert other == ["moved"]
    ended = remembered.memberships.get("club", id_)
    assert ended is not None
    assert ended.outcome == "moved"
    standing = remembered.standings.one("club", Place(member="ann", ladder="tier"))
    assert standing is not None
    assert standing.at == "trusted"


def test_whoever_takes_consent_back_while_the_move_is_made_has_moved(remembered: Memory, club: Community) -> None:
    id_ = accepted(remembered, club)
    at = AT + timedelta(days=9)

    def withdraw() -> int:
        ended = consent.withdraw(remembered.desk, remembered.persons, club, "ann", at=at, by="ann", reason="no")
        return len(ended.released.moves)

    with meanwhile(remembered, withdraw) as other:
        assert membership.advance(remembered.desk, "club", id_, at).outcome == "moved"

    assert other == [0]
    ended = remembered.memberships.get("club", id_)
    assert ended is not None
    assert ended.outcome == "moved"
