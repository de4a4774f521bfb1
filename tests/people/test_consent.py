"""Consent and personal data: no contact after a withdrawal, all of it handed out, all forgotten but the books."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.memory import Memory
from cli.wiring import Room
from operations import consent
from operations.errors import Refusal
from operations.ports.decisions import Wanted
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.notices import Notice
from operations.replay import replay
from rules.reading import Reading
from rules.spec import Community
from store.fact_names import token
from store.person_rows import tables
from tests.people.town import AT, publish
from tests.waiting import PATIENCE, pace
from workflows import turns
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers
Worker = Callable[..., AbstractContextManager[None]]
Eventually = Callable[..., object]


@pytest.fixture(scope="module")
def town(memory: Memory) -> Community:
    community = publish(memory)
    memory.effects.staff("town", "keeper", ["kim", "kit"])
    return community


def live(memory: Memory, town: Community, *names: str) -> None:
    memory.members(town).enlist([Member(name, AT - timedelta(days=200), {"city": "上海"}) for name in names], at=AT)
    facts = [
        Fact(f"{name}/{n}", "posted", name, AT - timedelta(days=n + 1), None, {"by": name})
        for name in names
        for n in range(4)
    ]
    memory.facts(town).record(facts)


def review(room: Room, at: datetime) -> turns.ReviewSummary:
    id_ = f"town/review/{at:%Y-%m-%dT%H%M%SZ}"
    room.gateway.start(turns.REVIEW, turns.ReviewInput(community="town", at=at), id=id_, again=True)
    summary: turns.ReviewSummary = room.gateway.result(id_, PATIENCE, turns.ReviewSummary)
    return summary


def test_after_a_withdrawal_there_is_no_contact_of_any_kind(
    room: Room, town: Community, worker: Worker, eventually: Eventually
) -> None:
    memory = room.memory
    live(memory, town, "ann")
    with worker():
        review(room, AT)
        invited = eventually(lambda: memory.memberships.invitations("town", "ann"))[0]  # type: ignore[index]
        talk = Launcher(memory.house, room.gateway).start("a-talk", community="town", subject="ann")
        eventually(lambda: memory.inbox.find("town", member="ann"))
        memory.outbox.put("town", [Notice(key="n1", member="ann", what="message:come-in", at=AT)])
        assert memory.outbox.pending("town") >= 2, "the invitation and the notice wait to leave"

        ended = consent.withdraw(memory.desk, memory.persons, town, "ann", at=AT, by="ann", reason="no")
        for flow in ended.workflows:
            room.gateway.signal(flow, turns.POKE)
        result: RunResult = room.gateway.result(talk.id, PATIENCE, RunResult)
        moved = room.gateway.result(invited.workflow, PATIENCE, turns.MembershipResult)

        assert result.end == "end:stopped"
        assert moved.outcome == "withdrew"
        assert memory.inbox.find("town", member="ann") == []
        memory.outbox.put("town", [Notice(key="n2", member="ann", what="message:come-in", at=AT)])
        assert memory.outbox.pending("town") == 0, "what is written now never leaves either"
        later = review(room, AT + timedelta(days=40))
        assert memory.memberships.invitations("town", "ann") == []
        assert later.parts["lifecycle"]["asked"] == 1, "the rule still holds; it leads to no question"
        eventually(lambda: memory.standings.waiting("town") == 0)
    stage = memory.standings.of("town", "ann")
    assert [one.at for one in stage if one.place.ladder == "lifecycle"] in ([], [None])
    assert memory.outbox.pending("town") == 0
    assert [one.what for one in memory.persons.log("town", "ann")] == ["withdrew"]


def test_saying_yes_is_consent_and_without_it_nobody_becomes_active(
    room: Room, town: Community, worker: Worker, eventually: Eventually
) -> None:
    memory = room.memory
    live(memory, town, "bea", "cleo")
    with worker():
        review(room, AT + timedelta(days=1))
        open_ = {one.member: one for one in eventually(lambda: _both(memory, "bea", "cleo"))}  # type: ignore[attr-defined]
        memory.memberships.answer("town", open_["bea"].id, answer="accept", at=datetime.now(UTC))
        room.gateway.signal(open_["bea"].workflow, turns.POKE)
        assert room.gateway.result(open_["bea"].workflow, PATIENCE, turns.MembershipResult).outcome == "moved"
    said = {one.id: one.attributes.get("consent") for one in memory.members(town).find(["bea", "cleo"])}
    assert said == {"bea": True, "cleo": None}
    stages = {name: [s.at for s in memory.standings.of("town", name) if s.place.ladder == "lifecycle"] for name in said}
    assert stages["bea"] == ["alive"]
    assert stages["cleo"] in ([], [None]), "who has not said yes stays in the pool"
    assert [(one.what, one.actor) for one in memory.persons.log("town", "bea")] == [("consented", "bea")]


def _both(memory: Memory, *names: str) -> list[object] | None:
    found = [one for name in names for one in memory.memberships.invitations("town", name)]
    return list(found) if len(found) == len(names) else None


def forgotten(room: Room, town: Community, worker: Worker, eventually: Eventually) -> str:
    """Somebody with everything that can be kept: facts, a work, a talk, points, a title, decisions, likes."""
    memory = room.memory
    live(memory, town, "dora-7", "eve")
    memory.facts(town).record(
        [
            Fact("like/1", "liked", "eve", AT - timedelta(days=1), None, {"by": "dora-7"}),
            Fact("guest/1", "met", "eve", AT - timedelta(days=1), None, {"via": "dora-7"}),
        ]
    )
    memory.effects.do(
        "town",
        [
            Deed(key="x/points:dora-7", kind="points", at=AT, source="x", member="dora-7", details={"amount": 40}),
            Deed(key="x/title:dora-7", kind="title", at=AT, source="x", member="dora-7", details={"item": "star"}),
            Deed(key="x/points:eve", kind="points", at=AT, source="x", member="eve", details={"amount": 5}),
        ],
    )
    with worker():
        review(room, AT + timedelta(days=2))
        run = Launcher(memory.house, room.gateway).start("an-album", community="town", scale=pace("1d=500ms"))
        desk = Desk(memory.house)
        eventually(lambda: memory.runs.latest_open(run.id, "submit"))
        memory.members(town).enlist([Member(name, None, {"consent": True}) for name in ("dora-7", "eve")], at=AT)
        desk.submit(run.id, "tips", member="dora-7", fields={"words": "雨天先擦雷达"})
        desk.submit(run.id, "tips", member="eve", fields={"words": "dora-7 told me: wash it"})
        room.gateway.result(run.id, PATIENCE, RunResult)
    return run.id


def test_a_person_gets_everything_and_is_forgotten_and_the_books_still_balance(
    room: Room, town: Community, worker: Worker, eventually: Eventually
) -> None:
    memory = room.memory
    run = forgotten(room, town, worker, eventually)
    at = datetime.now(UTC)

    held = consent.export(memory.desk, memory.persons, town, "dora-7", at=at, by="olga")["held"]
    assert {"member", "fact", "work", "ledger", "holding", "decision", "deed", "publication"} <= set(held)
    assert any("雨天先擦雷达" in str(row) for row in held["work"])
    assert sum(row["kind"] == "posted" for row in held["fact"]) == 4
    decisions = memory.decisions.count("town", Wanted(member="dora-7"))
    points = sum(one.amount for one in memory.effects.balances("town", "points"))
    assert memory.decisions.verify("town").ok

    with pytest.raises(Refusal, match="No reason"):
        consent.erase(memory.desk, memory.persons, town, "dora-7", at=at, by="olga", reason=" ")
    done, _ = consent.erase(memory.desk, memory.persons, town, "dora-7", at=at, by="olga", reason="asked for")

    assert named_in(memory, "dora-7") == []
    pseudonym = str(done["pseudonym"])
    assert done["facts"] >= 4
    assert memory.decisions.count("town", Wanted(member=pseudonym)) == decisions + 1, "and the erasure itself"
    assert memory.decisions.verify("town").ok
    assert memory.effects.audit("town") == []
    assert sum(one.amount for one in memory.effects.balances("town", "points")) == points
    left = [work for work in memory.runs.works_of(run) if work.author == pseudonym]
    assert [dict(work.fields) for work in left] == [{}]
    wanted = [Reading("posts", "90d"), Reading("likes", "90d"), Reading("guests", "90d")]
    frame = memory.measures(town).frame("member", wanted, at=AT, zone=town.zone)
    figures = {row["subject"]: [row[one.key] for one in wanted] for row in frame.iter_rows(named=True)}
    assert figures["eve"][:2] == [4, 1], "what others did stays as it was"
    assert figures.get(pseudonym, [0])[0] in (0, None)
    with pytest.raises(Refusal, match="no member dora-7"):
        consent.export(memory.desk, memory.persons, town, "dora-7", at=at, by="olga")
    assert list(replay(memory.desk, "town", Wanted(member=pseudonym))) == [], "what says less is not taken again"


def test_what_an_erasure_left_behind_cannot_be_changed_unseen(memory: Memory, town: Community) -> None:
    with memory.engine.begin() as connection:
        last = "SELECT max(seq) FROM decision WHERE reduced IS NOT NULL"
        changed = connection.execute(text(f"UPDATE decision SET to_at = 'star' WHERE seq = ({last})"))
        assert changed.rowcount == 1
    assert not memory.decisions.verify("town").ok


def test_who_is_forgotten_by_command_is_in_no_log_of_acts_and_what_they_were_told_is_not_missed(
    memory: Memory,
    town: Community,
    database_url: str,
    temporal_address: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from cli.main import main

    def said(*command: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main([*command, "--community", "town"])
        assert ended.value.code == 0, capsys.readouterr().out
        return capsys.readouterr().out

    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    live(memory, town, "finn-3")
    told = {"what": "message:hello", "says": {}}
    memory.effects.do("town", [Deed(key="t/finn-3", kind="notify", at=AT, source="t", member="finn-3", details=told)])
    assert memory.effects.audit("town") == []
    said("consent", "finn-3", "--withdraw", "--reason", "a letter from Finn", "--by", "olga")

    said("erase", "finn-3", "--yes", "--reason", "finn-3 asked for it", "--by", "olga")

    assert named_in(memory, "finn-3") == []
    acts = said("audit", "--actor", "olga", "--json")
    assert "gone-" in acts
    assert "asked for it" in acts
    assert "a letter from Finn" not in acts, "a reason may tell who it was"
    assert memory.effects.audit("town") == []


def test_what_is_kept_is_written_for_nobody_else_to_read_or_refused_in_a_sentence(
    memory: Memory,
    town: Community,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from cli.main import main

    def export(file: Path) -> object:
        with pytest.raises(SystemExit) as ended:
            main(["export", "gil", "--to", str(file), "--community", "town"])
        return ended.value.code

    monkeypatch.setenv("DATABASE_URL", database_url)
    live(memory, town, "gil")

    assert export(tmp_path / "nowhere" / "gil.json") == 2
    assert "cannot be written" in capsys.readouterr().err
    assert export(tmp_path / "gil.json") == 0
    assert (tmp_path / "gil.json").stat().st_mode & 0o077 == 0


def named_in(memory: Memory, name: str) -> list[str]:
    """Tables in which a name still stands, the facts with their subjects among them."""
    pattern = token(name).pattern
    found = []
    with memory.engine.connect() as connection:
        for table in tables():
            query = text(f'SELECT count(*) FROM "{table.name}" t WHERE to_jsonb(t)::text ~ :pattern')
            if connection.execute(query, {"pattern": pattern}).scalar_one():
                found.append(table.name)
    return found
