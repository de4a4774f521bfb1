"""The gate of a phase: whoever was told "accepted" is in, whoever was not is out, however many come at once."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from operations.errors import Refusal
from operations.ports.inbox import Item
from operations.ports.runs import Act, Entry, Planned, Run, Visit
from store.inbox import SqlInbox
from store.runs import SqlRuns
from tests.waiting import PATIENCE
from workflows.strand import visit_number

pytestmark = pytest.mark.servers

AT = datetime(2027, 3, 8, tzinfo=UTC)
SOON = AT + timedelta(hours=1)
NewVisit = Callable[..., Visit]


@pytest.fixture
def runs(engine: Engine) -> SqlRuns:
    return SqlRuns(engine)


@pytest.fixture
def visit(runs: SqlRuns, request: pytest.FixtureRequest) -> Visit:
    task = f"task-{abs(hash(request.node.name)) % 10**8}"
    new = Run(
        community="c", id=f"c/{task}", task=task, mode="m", digest="d", opened_at=AT, began_at=AT, key=request.node.name
    )
    run = runs.begin(new, at_once=1)
    opened = Visit(
        community="c",
        run=run.id,
        phase="entries",
        visit=1,
        kind="submit",
        opened_at=AT,
        began_at=AT,
        deadline=AT + timedelta(days=1),
    )
    return runs.open(opened)


def entry(author: str, at: datetime = SOON) -> Entry:
    return Entry(author=author, at=at, fields={"name": author})


def test_nothing_comes_in_after_the_gate_was_shut_and_nothing_accepted_is_lost(runs: SqlRuns, visit: Visit) -> None:
    started, shut = threading.Event(), threading.Event()
    told: list[bool] = []
    after: list[bool] = []

    def hand_in(group: int) -> None:
        """One after the other without a rest, and one more when the gate is known to be shut."""
        late = False
        for number in itertools.count():
            late = late or shut.is_set()
            said = runs.submit(visit.run, "entries", [entry(f"m{group}-{number}")], limit=1, mark=False)
            (after if late else told).append(said[0].accepted)
            started.set()
            if late:
                return

    with ThreadPoolExecutor(12) as pool:
        coming = [pool.submit(hand_in, group) for group in range(12)]
        try:
            assert started.wait(PATIENCE)
            runs.shut(visit.run, "entries", 1, at=AT)
        finally:
            shut.set()
        for one in coming:
            one.result()

    assert after == [False] * 12
    assert len(runs.works(visit.run, "entries")) == told.count(True) > 0


def test_nobody_gets_more_in_than_the_limit_even_at_the_same_instant(runs: SqlRuns, visit: Visit) -> None:
    with ThreadPoolExecutor(8) as pool:
        said = list(
            pool.map(lambda _: runs.submit(visit.run, "entries", [entry("li")] * 2, limit=3, mark=False), range(8))
        )

    verdicts = Counter(gate.verdict for gates in said for gate in gates)
    assert verdicts == {"accepted": 3, "limit": 13}
    assert [work.n for work in runs.works(visit.run, "entries")] == [1, 2, 3]


def test_the_deadline_itself_is_too_late_unless_late_works_are_marked(runs: SqlRuns, visit: Visit) -> None:
    assert visit.deadline is not None
    on_time = entry("li", visit.deadline - timedelta(microseconds=1))
    late = entry("wang", visit.deadline)

    refused = runs.submit(visit.run, "entries", [on_time, late], limit=1, mark=False)
    marked = runs.submit(visit.run, "entries", [late], limit=1, mark=True)

    assert [gate.verdict for gate in refused] == ["accepted", "late"]
    assert refused[1].closes_at == visit.deadline
    assert (marked[0].verdict, marked[0].late) == ("accepted", True)


def test_a_refused_work_makes_room_and_one_that_came_out_short_goes_on(runs: SqlRuns, visit: Visit) -> None:
    first = runs.submit(visit.run, "entries", [entry("li")], limit=1, mark=False)[0]
    runs.conclude(visit.run, "entries", 1, outcome="short", results={}, at=SOON, works={first.id: ("refused", None)})
    closed = runs.submit(visit.run, "entries", [entry("li")], limit=1, mark=False)[0]
    runs.open(
        Visit(community="c", run=visit.run, phase="entries", visit=2, since=1, kind="submit", opened_at=AT, began_at=AT)
    )
    second = runs.submit(visit.run, "entries", [entry("li")], limit=1, mark=False)[0]

    assert closed.verdict == "closed"
    assert second.accepted
    assert second.id != first.id


def test_a_unit_deep_within_others_has_a_gate_of_its_own(runs: SqlRuns, visit: Visit) -> None:
    deep = visit_number((9_999, 42, 7), 3)
    runs.open(replace(visit, visit=deep, since=deep))

    assert runs.submit(visit.run, "entries", [entry("ann")], limit=1, mark=False, visit=deep)[0].accepted
    assert not runs.submit(visit.run, "entries", [entry("ann")], limit=1, mark=False, visit=deep)[0].accepted
    runs.shut(visit.run, "entries", deep, at=AT)

    assert [work.visit for work in runs.works(visit.run, "entries")] == [deep]
    assert runs.submit(visit.run, "entries", [entry("ann")], limit=1, mark=False, visit=1)[0].accepted


def test_what_is_asked_and_planned_deep_within_others_is_kept(runs: SqlRuns, engine: Engine, visit: Visit) -> None:
    deep = visit_number((9_999, 42, 7), 3)
    runs.open(replace(visit, visit=deep, since=deep))
    inbox = SqlInbox(engine)

    runs.plan(visit.run, "entries", deep, [Planned(seq=1, at=SOON, verb="submit", by="ann")])
    inbox.open([Item(community="deep", id="i", asked=("ann",), title={}, opened_at=AT, run=visit.run, visit=deep)])
    runs.act(visit.run, "entries", [Act(verb="answer", by="ann", at=SOON, choice="yes")], visit=deep)

    assert [one.by for one in runs.planned(visit.run, "entries", deep)] == ["ann"]
    assert [one.visit for one in inbox.find("deep", run=visit.run)] == [deep]
    assert [one.by for one in runs.acts(visit.run, "entries", since=deep)] == ["ann"]


def test_whoever_left_takes_part_no_more_and_may_come_again(runs: SqlRuns, visit: Visit) -> None:
    runs.take_part(visit.run, {"una": "member", "bob": "member"})

    assert runs.leave(visit.run, "una")
    assert not runs.leave(visit.run, "una")
    assert (dict(runs.parts(visit.run)), runs.load("c", ["una"])) == ({"bob": "member"}, {})
    runs.take_part(visit.run, {"una": "author"})
    assert (runs.parts(visit.run)["una"], runs.load("c", ["una"])) == ("author", {"una": 1})

    runs.leave(visit.run, "una")
    runs.finish(visit.run, end="end", at=SOON)
    assert list(runs.parts(visit.run)) == ["bob"], "who had a part to the end is known of a run that is over"


def test_an_act_stands_once_and_may_be_changed_while_the_gate_is_open(runs: SqlRuns, visit: Visit) -> None:
    def answer(choice: str) -> Act:
        return Act(verb="answer", by="li", at=SOON, choice=choice)

    said = runs.act(visit.run, "entries", [answer("yes"), answer("yes"), answer("no")])
    runs.shut(visit.run, "entries", 1, at=AT)
    after = runs.act(visit.run, "entries", [answer("yes")])

    assert [gate.verdict for gate in said] == ["accepted", "known", "accepted"]
    assert after[0].verdict == "closed"
    assert [act.choice for act in runs.acts(visit.run, "entries")] == ["no"]


def test_planned_acts_are_carried_out_once(runs: SqlRuns, visit: Visit) -> None:
    planned = [Planned(seq=seq, at=AT + timedelta(hours=seq), verb="submit", by=f"m{seq}") for seq in range(4)]
    runs.plan(visit.run, "entries", 1, planned)
    runs.plan(visit.run, "entries", 1, planned)

    due = runs.planned(visit.run, "entries", 1, until=AT + timedelta(hours=1))
    runs.played(visit.run, "entries", 1, [one.seq for one in due])

    assert [one.by for one in due] == ["m0", "m1"]
    assert [one.by for one in runs.planned(visit.run, "entries", 1)] == ["m2", "m3"]


def test_a_run_is_begun_once_for_a_key_and_not_more_often_than_its_mode_allows(runs: SqlRuns, visit: Visit) -> None:
    run = runs.run(visit.run)
    assert run is not None
    again = Run(community="c", id="c/x", task=run.task, mode="m", digest="d", opened_at=AT, began_at=AT, key=run.key)

    assert runs.begin(again, at_once=1).id == run.id
    with pytest.raises(Refusal, match="runs already"):
        runs.begin(
            Run(community="c", id="c/x", task=run.task, mode="m", digest="d", opened_at=AT, began_at=AT), at_once=1
        )


def test_an_item_is_claimed_and_completed_by_one_person(engine: Engine) -> None:
    inbox = SqlInbox(engine)
    item = Item(
        community="c",
        id="c/approval/1",
        asked=("role:planner", "li"),
        title={"en": "Agree?", "zh": "同意？"},
        opened_at=AT,
        due=SOON,
        choices=("agree", "refuse"),
    )
    assert (inbox.open([item]), inbox.open([item])) == (1, 0)
    assert [one.id for one in inbox.find("c", role="planner")] == ["c/approval/1"]
    assert [one.id for one in inbox.find("c", member="li")] == ["c/approval/1"]
    assert inbox.counts("c") == {"planner": 1, "people": 1}

    inbox.claim("c", item.id, by="ann", at=SOON)
    with pytest.raises(Refusal, match="is with ann"):
        inbox.claim("c", item.id, by="bob", at=SOON)
    with pytest.raises(Refusal, match="no outcome"):
        inbox.complete("c", item.id, outcome="perhaps", fields={}, by="ann", at=SOON)
    done = inbox.complete("c", item.id, outcome="agree", fields={}, by="ann", at=SOON)
    assert inbox.complete("c", item.id, outcome="agree", fields={}, by="ann", at=SOON) == done
    with pytest.raises(Refusal, match="done already: agree, by ann"):
        inbox.complete("c", item.id, outcome="refuse", fields={}, by="ann", at=SOON)
