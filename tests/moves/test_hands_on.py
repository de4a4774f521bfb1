"""Hands on the running system: one who is asked says no, an operator holds somebody; who and why are in the audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import build
from cli.wiring import Room
from operations.errors import Refusal
from operations.explain import explain
from operations.ports.standings import Place
from rules.spec import Community
from tests.moves.club import AT, TIERS, facts, people, publish
from tests.waiting import PATIENCE
from workflows import turns
from workflows.desk import Desk

pytestmark = pytest.mark.servers

Worker = Callable[..., AbstractContextManager[None]]
DAY = timedelta(days=1)
VETO = TIERS.replace(
    "approval: { by: role:keeper, within: 2d, if_silent: refuse }",
    "approval: { by: [role:keeper, role:head], veto: true, within: 2d, if_silent: refuse }",
)


@pytest.fixture(scope="module")
def club(room: Room) -> Community:
    assert VETO != TIERS, "one yes would do, and one no is enough"
    community = publish(room.memory, tiers=VETO)
    room.memory.effects.staff("club", "keeper", ["kim"])
    room.memory.effects.staff("club", "head", ["hana"])
    return community


@pytest.fixture
def trellis(room: Room, database_url: str, temporal_address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`trellis("audit")` runs the command with `--json` and gives its document; a refusal is raised."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)

    def run(*given: str) -> Any:
        found = CliRunner().invoke(build(), [*given, "--json"])
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        assert found.exit_code == 0, found.output
        return json.loads(found.stdout)

    return run


def review(room: Room, at: datetime) -> turns.ReviewSummary:
    id_ = f"club/review/{at:%Y-%m-%dT%H%M%SZ}"
    room.gateway.start(turns.REVIEW, turns.ReviewInput(community="club", at=at), id=id_)
    summary: turns.ReviewSummary = room.gateway.result(id_, PATIENCE, turns.ReviewSummary)
    return summary


def tier_of(room: Room, member: str) -> str | None:
    held = room.memory.standings.one("club", Place(member=member, ladder="tier"))
    return held.at if held else None


def test_one_no_of_those_who_are_asked_is_enough_and_who_said_it_and_why_is_kept(
    room: Room, club: Community, worker: Worker, trellis: Any, eventually: Any
) -> None:
    memory = room.memory
    people(memory, club, "ann")
    facts(memory, club, "posted", "ann", [n / 10 for n in range(9)])
    with worker():
        for day in (0, 1):
            review(room, AT + day * DAY)
        assert review(room, AT + 8 * DAY).parts["tier"]["asked"] == 1
        items = eventually(lambda: memory.inbox.find("club", role="head"))
        assert [item.about for item in memory.inbox.find("club", role="keeper")] == ["ann"], "both roles are asked"
        (item,) = items
        with pytest.raises(Refusal, match="Refusing a move of ann takes a reason"):
            Desk(memory.house).complete("club", item.id, outcome="refuse", fields={}, by="hana")
        with pytest.raises(Refusal, match="is not asked of kim"):
            trellis("complete", item.id, "--outcome", "refuse", "--form", "reason=no", "--as", "kim")

        trellis("complete", item.id, "--outcome", "refuse", "--form", "reason=an open complaint", "--as", "hana")

        result = room.gateway.result(item.workflow, PATIENCE, turns.MembershipResult)
        after = review(room, AT + 9 * DAY)

    assert result.outcome == "refused"
    assert memory.inbox.find("club", role="keeper") == [], "nobody else's yes is waited for"
    assert tier_of(room, "ann") == "regular"
    assert after.parts["tier"]["resting"] == 1, "and the rules do not ask again at once"
    (entry,) = trellis("audit", "--about", item.id)["entries"]
    assert (entry["actor"], entry["verb"]) == ("hana", "complete")
    assert entry["details"] == {"outcome": "refuse", "reason": "an open complaint"}


def test_whoever_is_held_by_hand_is_moved_by_no_review_until_they_are_let_go(
    room: Room, club: Community, worker: Worker, trellis: Any
) -> None:
    memory, since = room.memory, AT + 100 * DAY
    people(memory, club, "bob", "cai")
    for who in ("bob", "cai"):
        facts(memory, club, "posted", who, [-100 - n / 10 for n in range(4)])
    trellis("pin", "bob", "guest", "--reason", "a talk is under way", "--by", "kim")
    with worker():
        review(room, since + DAY)
        assert (tier_of(room, "bob"), tier_of(room, "cai")) == ("guest", "regular"), "the same facts, one is held"
        trellis("unpin", "bob", "--reason", "we have talked", "--by", "hana")
        review(room, since + 2 * DAY)

    assert tier_of(room, "bob") == "regular"
    log = trellis("audit", "--about", "bob")["entries"]
    assert [(one["actor"], one["verb"], one["details"]["reason"]) for one in reversed(log)] == [
        ("kim", "pin", "a talk is under way"),
        ("hana", "unpin", "we have talked"),
    ]
    at = max(since + 3 * DAY, datetime.now(UTC))  # who acts from the terminal acts now, whenever the reviews are
    story = explain(memory.desk, club, "bob", at).standings[0].story
    assert [(one.what, one.because) for one in story if one.what in ("pin", "unpin")] == [
        ("pin", "kim: a talk is under way"),
        ("unpin", "hana: we have talked"),
    ]
