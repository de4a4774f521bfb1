"""The editorial board of a co-creation: two of them approve a chapter, a returned one goes back with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from operations.errors import Refusal
from operations.ports.runs import Planned, Run, Visit, Work
from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT, Clock, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.play import Scene
from workflows.scenes import Setting
from workflows.seeing import seen
from workflows.steps import CheckPhase, OpenPhase, RunResult
from workflows.teamwork import Teamwork

pytestmark = pytest.mark.servers

KEEPERS = {"first-week": "m020", "daily": "m021", "winter": "m022", "smart": "m023"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Strict:
    """Every chapter is written; the board sends the first back, approves the second, and of the third one is for it."""

    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        at = visit.opened_at
        match visit.phase:
            case "writing":
                people = [inside[0] for inside in scene.units.values() if inside]
                chapter = {"link": "https://book.example/1"}
                return [
                    Planned(seq=n, at=at + DAY, verb="submit", by=who, fields=chapter) for n, who in enumerate(people)
                ]
            case "proof" if visit.visit == 1:
                return list(self.read(scene, at))
            case "go-to-print":
                return [
                    Planned(seq=n, at=at + HOUR, verb="answer", by=who, choice="print")
                    for n, who in enumerate(scene.asked)
                ]
        return list(setting.play.improvise(setting.phase, scene, setting.crowd(visit)))

    def read(self, scene: Scene, at: datetime) -> Sequence[Planned]:
        back, passed, alone, *others = scene.things
        acts = []

        def says(who: int, work: str, choice: str, after: timedelta, version: int = 1) -> None:
            editor = scene.asked_about(work)[who]
            why = {"reason": f"{choice}: {editor} has read version {version}"}
            acts.append((at + after, "verdict", editor, work, choice, why, version))

        says(0, back, "return", HOUR)
        says(1, back, "return", 2 * HOUR)
        again = {"link": "https://book.example/again"}
        acts.append((at + DAY, "revise", scene.author_of(back) or "", back, None, again, 2))
        says(0, back, "approve", 2 * DAY, 2)
        says(2, back, "approve", 3 * DAY, 2)
        for work in (passed, *others):
            says(0, work, "approve", HOUR)
            says(1, work, "approve", 2 * HOUR)
        says(0, alone, "approve", HOUR)
        acts.sort(key=lambda act: (act[0], act[3]))
        return [
            Planned(seq=n, at=when, verb=verb, by=by, about=work, choice=choice, fields=fields, version=version)
            for n, (when, verb, by, work, choice, fields, version) in enumerate(acts)
        ]

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        return came


class Written(NamedTuple):
    """A handbook that has been published, and its chapters: sent back, passed at once, wanted by one editor only."""

    memory: Any
    run: Run
    proof: Visit
    back: str
    passed: str
    alone: str

    def facts(self, kind: str, work: str) -> list[Any]:
        found = self.memory.facts("auto").find(kinds=[kind], limit=5_000)
        return [one for one in found if one.fields.get("run") == self.run.id and one.fields.get("work") == work]

    def work(self, id_: str) -> Work:
        return self.memory.runs.works_by_id("auto", [id_])[id_]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def founded(memory: Any) -> Any:
    settle(memory)
    return memory


@pytest.fixture(scope="module")
def written(founded: Any, room: Any) -> Written:
    from cli import wiring
    from workflows.activities.process import ProcessActivities
    from workflows.runtime import Crew

    memory, gateway = founded, room.gateway
    whole = wiring.crew(memory, gateway)
    process = ProcessActivities(Conduct(memory.house, script=Strict()))
    own = [process.read_course, process.open_phase, process.check_phase, process.stop_phases, process.finish_run]
    others = [one for one in whole.activities if one.__name__ not in {mine.__name__ for mine in own}]
    with gateway.working(Crew(whole.workflows, [*own, *others])):
        run = Launcher(memory.house, gateway).start(
            "owners-handbook", at=AT, scale="1d=20ms", rehearsed=True, seed=3, crowd=12
        )
        assert gateway.result(run.id, PATIENCE, RunResult).end.startswith("end")
    proof = memory.runs.visit(run.id, "proof", 1)
    return Written(memory, memory.runs.run(run.id), proof, *proof.things[:3])


@pytest.mark.slow
def test_a_chapter_that_the_board_returns_goes_back_with_their_reasons_and_is_done_again(written: Written) -> None:
    editors = [act.by for act in written.memory.runs.acts(written.run.id, "proof") if act.choice == "return"]
    author = written.work(written.back).author

    returned = written.facts("returned", written.back)
    assert sorted(str(one.fields["by"]) for one in returned) == sorted(editors)
    assert {one.member for one in returned} == {author}
    assert len(set(editors)) == 2, "one editor alone does not send a chapter back"
    reasons = [one for one in written.facts("verdict", written.back) if one.fields["reason"].startswith("return")]
    assert {(one.member, one.fields["by"]) for one in reasons} == {(author, editor) for editor in editors}
    told = seen(Desk(written.memory.house), written.run.id, author)
    (phase,) = [one for one in told["phases"] if one["phase"] == "proof"]
    said = [one["fields"].get("reason") for one in phase["answers"] if one["about"] == written.back]
    assert f"return: {editors[0]} has read version 1" in said, "who wrote it reads why"
    again = written.work(written.back)
    assert (again.version, again.fields["link"]) == (2, "https://book.example/again")


@pytest.mark.slow
def test_a_chapter_is_approved_by_two_of_the_board_and_not_by_one(written: Written) -> None:
    proof, run = written.proof, written.run
    board = written.memory.runs.visit(run.id, "board").results["members"]
    assert len(board) >= 3
    assert set(proof.asked) == set(board)

    for work in (written.back, written.passed):
        approved = [one for one in written.facts("reviewed", work) if one.fields["choice"] == "approve"]
        assert len({one.member for one in approved}) == 2
        assert {one.member for one in approved} <= set(board)
        (accepted,) = written.facts("accepted", work)
        assert (accepted.fields["credit"], accepted.at) == (20, max(one.at for one in approved)), "with the second yes"
    assert written.facts("accepted", written.back)[0].at == proof.opened_at + 3 * DAY
    assert written.facts("accepted", written.alone) == []
    (one_for_it,) = written.facts("reviewed", written.alone)
    assert one_for_it.fields["choice"] == "approve"
    assert written.work(written.alone).state == "refused"
    assert set(proof.results["approved"]) == set(proof.things) - {written.alone}

    released = written.memory.runs.visit(run.id, "release")
    printed = [
        one
        for one in written.memory.facts("auto").find(kinds=["published"], limit=5_000)
        if one.fields.get("run") == run.id and one.at >= released.opened_at
    ]
    assert {str(one.fields["work"]) for one in printed} == set(proof.results["approved"])
    ledger = [line for line in written.memory.teams.contributions(run.id) if line.work == written.back]
    assert sum(line.weight for line in ledger) == 20, "once, however often it went back"


def test_who_wrote_it_finds_the_reasons_in_the_inbox_and_the_board_is_asked_anew(
    founded: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli.main import build

    memory, clock = founded, Clock()
    run = Launcher(memory.house, memory).begin("owners-handbook", community="auto", at=AT, key="by hand")
    desk, conduct = Desk(memory.house, now=clock), Conduct(memory.house, now=clock)

    def open_(phase: str) -> Any:
        conduct.open(OpenPhase(run=run.id, phase=phase, visit=1, scope="", at=clock.now))
        return memory.runs.visit(run.id, phase)

    def close(phase: str, *, due: bool) -> Any:
        return conduct.check(CheckPhase(run=run.id, phase=phase, visit=1, at=clock.now, due=due))

    def asks(person: str) -> list[Any]:
        return [one for one in memory.inbox.find("auto", member=person, run=run.id) if one.phase == "proof"]

    board = open_("board")
    for who in [item.asked[0] for item in memory.inbox.find("auto", run=run.id)]:
        Teamwork(desk, run.id, "board").confirm(who)
    clock.now = board.deadline
    assert close("board", due=True).outcome == "done"
    editors = memory.runs.visit(run.id, "board").results["members"]
    open_("chapters")
    keepers = {slot: who for slot, who in KEEPERS.items() if who not in editors}
    with pytest.raises(Refusal, match="m060 is not among those who may take part here"):
        Teamwork(desk, run.id, "chapters").claim("m060", "winter")  # of the lowest tier
    for slot, who in keepers.items():
        Teamwork(desk, run.id, "chapters").claim(who, slot)
    clock.now += 30 * DAY
    close("chapters", due=True)
    open_("writing")
    works = {
        who: desk.submit(run.id, "writing", member=who, fields={"link": "https://book.example/1"}).id
        for who in keepers.values()
    }
    clock.now += 60 * DAY
    close("writing", due=True)
    author, work = "m022", works["m022"]

    open_("proof")
    first, second, third, *_ = editors
    item = next(one for one in asks(first) if one.about == work)
    assert (item.choices, item.form) == (("approve", "return", "refuse"), "verdict")
    desk.complete("auto", item.id, outcome="return", fields={"reason": "no word about the tyres"}, by=first)
    assert asks(author) == [], "one of the board alone sends nothing back"
    with pytest.raises(Refusal, match="m021 is not asked here"):
        desk.answer(run.id, "proof", by="m021", choice="approve", about=work, fields={"reason": "a keeper's word"})
    clock.now += HOUR
    desk.complete("auto", item.id, outcome="return", fields={"reason": "too long"}, by=second)

    (back,) = asks(author)
    assert (back.about, back.choices, back.form) == (work, ("revise",), "chapter")
    assert back.due == clock.now + 10 * DAY
    assert back.details["returned"] == [
        {"by": first, "reason": "no word about the tyres"},
        {"by": second, "reason": "too long"},
    ]
    assert [one for editor in editors for one in asks(editor) if one.about == work] == [], "it is with its author"
    monkeypatch.setenv("DATABASE_URL", database_url)
    shown = CliRunner().invoke(build(), ["inbox", "--member", author, "--community", "auto"], env={"COLUMNS": "400"})
    assert "sent back: no word about the tyres; too long" in " ".join(shown.output.split())
    with pytest.raises(Refusal, match="is not asked of m021"):
        desk.complete("auto", back.id, outcome="revise", fields={"link": "https://book.example/2"}, by="m021")
    clock.now += DAY
    desk.complete("auto", back.id, outcome="revise", fields={"link": "https://book.example/2"}, by=author)

    assert memory.inbox.item("auto", back.id).state == "done"
    assert memory.runs.works_by_id("auto", [work])[work].version == 2
    (again,) = [one for one in asks(third) if one.about == work]
    assert again.id != item.id
    assert set(again.asked) == set(editors)
    desk.complete("auto", again.id, outcome="approve", fields={"reason": "now it is"}, by=first)
    for other in works.values():
        if other != work:
            for editor in (first, second):
                desk.answer(run.id, "proof", by=editor, choice="approve", about=other, fields={"reason": "well"})
    assert close("proof", due=False).outcome is None, "one of the two that are needed"
    clock.now += HOUR
    desk.complete("auto", again.id, outcome="approve", fields={"reason": "yes"}, by=third)
    assert close("proof", due=False).outcome == "done"
    assert work in memory.runs.visit(run.id, "proof").results["approved"]
    assert memory.inbox.find("auto", run=run.id) == []
