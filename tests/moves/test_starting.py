"""Beginning the workflows of moves: one that cannot begin now is not taken for begun."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from operations.ports.reviews import Membership
from tests.moves.club import AT
from workflows import turns
from workflows.activities import moves


class Asked:
    """Moves that wait for their workflow."""

    def __init__(self, *members: str) -> None:
        self.waiting = {
            who: Membership(community="club", id=who, member=who, ladder="tier", value="", from_=None, to="star",
                            transition=None, digest="d", review="r", opened_at=AT)
            for who in members
        }  # fmt: skip

    def unstarted(self, community: str, *, limit: int = 200) -> list[Membership]:
        return list(self.waiting.values())[:limit]

    def started(self, community: str, ids: list[str]) -> None:
        for id_ in ids:
            del self.waiting[id_]

    def get(self, community: str, id: str) -> Membership:
        return self.waiting[id]


def test_a_move_whose_member_is_still_busy_waits_for_the_next_review(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "WAIT_FOR_ENDING", 0.0)
    asked = Asked("ann", "bob")
    busy: Any = SimpleNamespace(start=lambda kind, given, **_: given.member != "ann", signal=lambda *_: True)
    desk: Any = SimpleNamespace(memberships=asked)

    begun = ActivityEnvironment().run(moves.Moves(desk, busy).start_waiting, turns.StartWaiting(community="club"))

    assert begun == 1
    assert list(asked.waiting) == ["ann"]
