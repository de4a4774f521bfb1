"""Reviews and memberships on the real servers: nobody waits longer than somebody is waited for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from cli.memory import Memory
from cli.wiring import Room
from operations.ports.reviews import Membership
from operations.ports.standings import Place
from rules.spec import Community
from tests.moves.club import AT, facts, people, publish
from tests.waiting import PATIENCE
from workflows import turns

pytestmark = pytest.mark.servers

Worker = Callable[..., AbstractContextManager[None]]
Eventually = Callable[..., object]


@pytest.fixture(scope="module")
def club(memory: Memory) -> Community:
    community = publish(memory)
    memory.effects.staff("club", "keeper", ["kim", "kit"])
    return community


def review(room: Room, at: datetime, **more: object) -> turns.ReviewSummary:
    id_ = f"club/review/{at:%Y-%m-%dT%H%M%SZ}"
    given = turns.ReviewInput.model_validate({"community": "club", "at": at, "shard_size": 2, "batch_size": 3, **more})
    room.gateway.start(turns.REVIEW, given, id=id_, again=True)
    summary: turns.ReviewSummary = room.gateway.result(id_, PATIENCE, turns.ReviewSummary)
    return summary


def tier_of(memory: Memory, member: str) -> str | None:
    held = memory.standings.one("club", Place(member=member, ladder="tier"))
    return held.at if held else None


def asked(room: Room, club: Community, member: str, since: datetime, **more: object) -> Membership:
    """A member who is being asked to become trusted."""
    people(room.memory, club, member)
    facts(room.memory, club, "posted", member, [(AT - since).days + n / 10 for n in range(9)])
    review(room, since)
    review(room, since + timedelta(days=1))
    summary = review(room, since + timedelta(days=8), **more)
    assert summary.parts["tier"]["asked"] == 1
    return next(one for one in memberships(room) if one.member == member)


def memberships(room: Room) -> list[Membership]:
    from sqlalchemy import select

    from store.tables.standings import membership
    from store.transaction import transaction

    with transaction(room.memory.engine) as connection:
        ids = list(connection.execute(select(membership.c.id)).scalars())
    return [one for id_ in ids if (one := room.memory.memberships.get("club", id_)) is not None]


def test_a_member_moves_after_both_have_said_yes(
    room: Room, club: Community, worker: Worker, eventually: Eventually
) -> None:
    with worker():
        move = asked(room, club, "ann", AT)
        assert tier_of(room.memory, "ann") == "regular"
        found = eventually(lambda: room.memory.inbox.find("club", role="keeper"))
        item = found[0]  # type: ignore[index]
        assert item.workflow == "club/member/ann/tier"
        assert item.due == move.opened_at + timedelta(days=2)
        room.memory.inbox.complete("club", item.id, outcome="agree", fields={}, by="kim", at=datetime.now(UTC))
        room.gateway.signal(item.workflow, turns.POKE)
        invitation = eventually(lambda: room.memory.memberships.invitations("club", "ann"))[0]  # type: ignore[index]
        room.memory.memberships.answer("club", invitation.id, answer="accept", at=datetime.now(UTC))
        room.gateway.signal(invitation.workflow, turns.POKE)
        result = room.gateway.result(invitation.workflow, PATIENCE, turns.MembershipResult)

    assert result.outcome == "moved"
    assert tier_of(room.memory, "ann") == "trusted"
    assert [held.item for held in room.memory.effects.holdings("club", "ann")] == ["star"]
    assert room.memory.standings.waiting("club") == 0
    assert room.memory.effects.audit("club") == []


def test_silence_of_those_who_approve_is_what_the_spec_says_and_rests(
    room: Room, club: Community, worker: Worker, eventually: Eventually
) -> None:
    since = AT + timedelta(days=60)
    with worker():
        move = asked(room, club, "bob", since, scale="1d=100ms")
        result = room.gateway.result(move.workflow, PATIENCE, turns.MembershipResult)
        assert result.outcome == "refused"
        assert result.at == since + timedelta(days=10)
        again = review(room, since + timedelta(days=11))

    assert tier_of(room.memory, "bob") == "regular"
    assert again.parts["tier"]["resting"] == 1
    ended = room.memory.memberships.get("club", move.id)
    assert ended is not None
    assert ended.again_from == since + timedelta(days=40)
    assert room.memory.inbox.find("club", role="keeper") == []


def test_simulated_people_say_the_same_whatever_crashes(
    room: Room, club: Community, worker: Worker, eventually: Eventually
) -> None:
    since = AT + timedelta(days=120)
    with worker():
        move = asked(room, club, "cai", since, scale="1d=300ms", seed="7")
    # the worker is gone while people are waited for; another one goes on
    with worker():
        result = room.gateway.result(move.workflow, PATIENCE, turns.MembershipResult)
    ended = room.memory.memberships.get("club", move.id)
    assert ended is not None
    assert ended.outcome == result.outcome

    from operations.rehearsal import ACCEPTS, answer

    question = f"tier@//trusted/{move.opened_at.isoformat()}"
    said = answer("7", "cai", f"approval/1/{question}", (("agree", 85), ("refuse", 10), ("", 5)))
    invited = answer("7", "cai", f"invitation/{question}", ACCEPTS)
    expected = "refused" if said != "agree" else {"accept": "moved", "decline": "declined", "": "lapsed"}[invited]
    assert result.outcome == expected


def test_a_move_goes_on_when_its_steps_fail_for_a_while(
    room: Room, club: Community, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from operations import membership as operation

    advance, failures = operation.advance, iter(range(3))

    def failing(*given: object) -> operation.Stand:
        if next(failures, None) is not None:
            raise OSError("the database is away")
        return advance(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(operation, "advance", failing)
    with worker():
        move = asked(room, club, "eve", AT + timedelta(days=400), scale="1d=100ms", seed="7")
        result = room.gateway.result(move.workflow, PATIENCE, turns.MembershipResult)

    ended = room.memory.memberships.get("club", move.id)
    assert ended is not None
    assert ended.outcome == result.outcome


def test_a_review_goes_on_where_a_lost_worker_left_it(
    room: Room, club: Community, worker: Worker, eventually: Eventually
) -> None:
    since = AT + timedelta(days=180)
    names = [f"m{n:02d}" for n in range(12)]
    people(room.memory, club, *names)
    for name in names:
        facts(room.memory, club, "posted", name, [(AT - since).days + n / 10 for n in range(4)])
    id_ = f"club/review/{since:%Y-%m-%dT%H%M%SZ}"
    given = turns.ReviewInput(community="club", at=since, shard_size=2, batch_size=2, at_once=1)
    room.gateway.start(turns.REVIEW, given, id=id_)
    with worker():
        eventually(lambda: any(tier_of(room.memory, name) == "regular" for name in names))
    with worker():
        summary = room.gateway.result(id_, PATIENCE, turns.ReviewSummary)

    assert summary.parts["tier"]["moved:guest>regular"] == 12
    moved = [f for f in room.memory.facts(club).find(kinds=["moved_tier"], limit=1000) if f.member in names]
    assert len(moved) == 12
    assert room.memory.decisions.verify("club").ok
    assert room.memory.effects.audit("club") == []


def test_what_ran_replays(room: Room) -> None:
    """What the tests above played. Also how histories of a release are recorded: TRELLIS_RECORD names a folder."""
    import os
    from pathlib import Path

    from temporalio.worker import Replayer

    from workflows.membership import Membership as MembershipWorkflow
    from workflows.outbox import Outbox
    from workflows.review import Review
    from workflows.runtime import converter

    async def replayed() -> list[str]:
        replayer = Replayer(workflows=[Review, MembershipWorkflow, Outbox], data_converter=converter())
        seen = []
        async for found in room.gateway.client.list_workflows("ExecutionStatus = 'Completed'"):
            history = await room.gateway.client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history()
            await replayer.replay_workflow(history)
            seen.append(found.workflow_type)
            folder = os.environ.get("TRELLIS_RECORD")
            if folder and len(seen) == len(set(seen)):
                (Path(folder) / f"{found.workflow_type}.json").write_text(history.to_json())
        return seen

    assert {"review", "membership"} <= set(room.gateway.run(replayed(), PATIENCE))


def test_whoever_waits_for_a_review_is_told_within_seconds_what_fails_in_it(
    room: Room, club: Community, worker: Worker, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from cli.commands.review import reviewed
    from operations import review as operation

    def broken(*_: object) -> None:
        raise OSError("no space left on device")

    said: list[str] = []
    look = operation.look_at
    with worker(), ThreadPoolExecutor(1) as waiting:
        monkeypatch.setattr(operation, "look_at", broken)
        summary = waiting.submit(reviewed, room, "club", AT + timedelta(days=300), parts=["tier"], say=said.append)
        eventually(lambda: said)
        monkeypatch.setattr(operation, "look_at", look)
        summary.result(PATIENCE)

    id_ = f"club/review/{AT + timedelta(days=300):%Y-%m-%dT%H%M%SZ}"
    assert said[0].startswith(f"look_at_shard of {id_} has failed")
    assert "OSError: no space left on device" in said[0]
    assert "Look further: " in said[0]


def test_whoever_waits_is_told_that_nobody_works_and_what_was_refused(
    room: Room, club: Community, worker: Worker, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli.awaited import Failures
    from cli.commands.review import reviewed
    from operations import review as operation
    from operations.errors import Refusal

    def refused(*_: object, **__: object) -> None:
        raise Refusal("No community club is published here.")

    said: list[str] = []
    monkeypatch.setattr(operation, "begin", refused)
    with worker(), pytest.raises(Refusal, match="No community club"):
        reviewed(room, "club", AT + timedelta(days=301), say=said.append)
    monkeypatch.setattr(type(room.gateway), "pollers", lambda _: 0)
    Failures(room, "club/review/none", said.append).look()

    assert [sentence.partition(":")[0] for sentence in said] == ["nobody works on club/review/none"]
