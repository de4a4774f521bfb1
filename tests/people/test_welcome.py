"""Two welcomes by where somebody was found: direction first in public, skills first at home; never the other's plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from cli.wiring import Room
from operations.errors import Refusal
from operations.ports.runs import Run
from rules.spec import Community
from tests.people.owners import AT, did, enlist, owners, stage
from tests.waiting import PATIENCE, pace
from workflows import turns
from workflows.desk import Desk
from workflows.steps import RunResult

pytestmark = pytest.mark.servers
Worker = Callable[..., AbstractContextManager[None]]
Eventually = Callable[..., Any]
PIECE = {"link": "https://p.example/1", "theme": "journeys"}


@pytest.fixture(scope="module")
def auto(room: Room) -> Community:
    spec = owners(room.memory)
    for name, origin in (("from-weibo", "public_domain"), ("from-home", "private_domain")):
        enlist(room.memory, spec, name, origin=origin, stage="emerging", since=30)
        did(room.memory, spec, name, "touched", 9, 6, 3, how="met", by="connector-1")
    did(room.memory, spec, "from-weibo", "nda", 2, agreed=True)
    enlist(room.memory, spec, "stranger", origin="public_domain", stage="emerging", since=30)
    did(room.memory, spec, "stranger", "touched", 9, 6, how="met", by="connector-1")
    return spec


def test_each_track_has_a_plan_of_its_own_and_consent_comes_first(
    room: Room, auto: Community, worker: Worker, eventually: Eventually
) -> None:
    memory = room.memory
    with worker():
        id_ = "auto/review/welcome"
        given = turns.ReviewInput(community="auto", at=AT, scale=pace("1d=1s"))
        room.gateway.start(turns.REVIEW, given, id=id_)
        room.gateway.result(id_, PATIENCE, turns.ReviewSummary)
        eventually(lambda: len(memory.memberships.invitations("auto")) == 2)
        invited = {one.member: one for one in memory.memberships.invitations("auto")}
        assert set(invited) == {"from-weibo", "from-home"}, "a stranger needs three real contacts, two are not enough"
        for move in invited.values():
            memory.memberships.answer("auto", move.id, answer="accept", at=move.opened_at + timedelta(hours=1))
            room.gateway.signal(move.workflow, turns.POKE)
            assert room.gateway.result(move.workflow, PATIENCE, turns.MembershipResult).outcome == "moved"
        room.gateway.start(turns.OUTBOX, turns.OutboxInput(community="auto"), id="auto/outbox", again=True)
        runs = eventually(lambda: _both(room))
        assert {run.subject: run.task for run in runs} == {
            "from-weibo": "welcome-public",
            "from-home": "welcome-private",
        }
        run = next(run.id for run in runs if run.subject == "from-weibo")
        _calibrated(room, run, eventually)
        for other in runs:
            if other.id != run:
                room.gateway.cancel(other.id)


def _calibrated(room: Room, run: str, eventually: Eventually) -> None:
    """Direction before the first task; then what is open to them; a piece out of scope comes back."""
    memory, desk = room.memory, Desk(room.memory.house, poke=room.gateway.poke)

    def opened(phase: str) -> Any:
        def look() -> Any:
            visit = memory.runs.visit(run, phase)
            return visit if visit is not None and visit.state == "open" else None

        return eventually(look)

    opened("calibration")
    contact = memory.effects.assigned("auto", "from-weibo")["contact"]
    with pytest.raises(Refusal, match="has not begun yet"):
        desk.submit(run, "first-work", member="from-weibo", fields=PIECE)
    said = {"goals": "让更多人了解智驾", "themes": ["journeys"]}
    desk.answer(run, "calibration", by=contact, choice="done", fields=said)
    opened("agreed")
    desk.answer(run, "agreed", by="from-weibo", choice="talk-again")
    eventually(lambda: memory.runs.visit(run, "calibration", 2))
    desk.answer(run, "calibration", by=contact, choice="done", fields=said)
    eventually(lambda: memory.runs.visit(run, "agreed", 2))
    desk.answer(run, "agreed", by="from-weibo", choice="agree")
    opened("first-work")
    rights = {held.item for held in memory.effects.holdings("auto", "from-weibo") if held.kind == "benefit"}
    assert rights == {"early-access", "inside-story", "brand-events"}
    work = desk.submit(run, "first-work", member="from-weibo", fields=PIECE).id
    opened("in-scope")
    desk.answer(run, "in-scope", by="director-1", choice="return", about=work, fields={"reason": "不在选题范围内"})
    desk.revise(run, "in-scope", work=work, member="from-weibo", fields={**PIECE, "theme": "smart-driving"})
    desk.answer(run, "in-scope", by="director-1", choice="approve", about=work, fields={"reason": "好"})
    result: RunResult = room.gateway.result(run, PATIENCE, RunResult)
    assert result.end == "end"
    assert memory.persons.contributions("auto", "from-weibo") == {"welcome-public": 5}


def _both(room: Room) -> list[Run] | None:
    found = [one for one in room.memory.runs.runs("auto") if one.task.startswith("welcome")]
    return found if len(found) == 2 else None


def test_nobody_becomes_active_without_consent_and_silence_returns_to_the_pool(
    room: Room, auto: Community, worker: Worker, eventually: Eventually
) -> None:
    memory = room.memory
    enlist(memory, auto, "silent", origin="public_domain", stage="emerging", since=30)
    did(memory, auto, "silent", "touched", 9, 6, 3, how="met", by="connector-1")
    with worker():
        given = turns.ReviewInput(community="auto", at=AT + timedelta(days=1), scale="1d=30ms", parts=("lifecycle",))
        room.gateway.start(turns.REVIEW, given, id="auto/review/silent")
        room.gateway.result("auto/review/silent", PATIENCE, turns.ReviewSummary)
        move = eventually(lambda: memory.memberships.get("auto", _move(room, "silent") or ""))
        result = room.gateway.result(move.workflow, PATIENCE, turns.MembershipResult)
    assert result.outcome == "lapsed"
    assert memory.members(auto).find(["silent"])[0].attributes.get("consent") is None
    assert stage(memory, auto, "silent") == "emerging", "back in the pool"


def _move(room: Room, member: str) -> str | None:
    from sqlalchemy import text

    with room.memory.engine.connect() as connection:
        query = text("SELECT id FROM membership WHERE community = 'auto' AND member = :member")
        return connection.execute(query, {"member": member}).scalar()
