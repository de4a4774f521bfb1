"""What the interpreter of modes costs: our contest against a workflow that somebody wrote by hand for the same steps.

Both run on the same embedded servers in turns, call the same activities (which open, check and end the same phases
with the same simulated participants) and wait on the same clock. Compared per run: events of history, workflow tasks,
and wall time.

    python bench/process.py [--runs 12] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows import steps
from workflows.steps import Checked, CheckPhase, Finished, FinishRun, Opened, OpenPhase, RunInput, RunResult

TASK = "most-beautiful-lines"
SCALE = "1d=1ms"
AT = datetime(2027, 3, 8, 2, tzinfo=UTC)
AIM = 1.3
_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200))
_WORK = timedelta(minutes=15)
_PULSE = timedelta(seconds=10)


@workflow.defn(name="contest-by-hand")
class ContestByHand:
    """A contest as one would write it for Temporal: announce, collect, screen, judge, award, measure, look back."""

    def __init__(self) -> None:
        self._poked = False
        self._visits: dict[str, int] = {}

    @workflow.signal
    def poke(self) -> None:
        self._poked = True

    @workflow.run
    async def run(self, told: RunInput) -> RunResult:
        self._told, self._at = told, told.opened_at
        end = await self._contest()
        await workflow.execute_activity(
            steps.FINISH_RUN,
            FinishRun(run=told.run, end=end, at=self._at),
            result_type=Finished,
            start_to_close_timeout=_WORK,
            heartbeat_timeout=_PULSE,
        )
        return RunResult(run=told.run, end=end, at=self._at, visits=sum(self._visits.values()))

    async def _contest(self) -> str:
        await self._play("call")
        extended = False
        while await self._play("entries") == "short":
            if await self._play("too-few") == "stop" or extended:
                return "cancel"
            extended = True
        if await self._play("screening") == "short":
            return "cancel"
        asked_again = False
        while await self._play("judging") == "short":
            if await self._play("no-judges") == "stop" or asked_again:
                return "cancel"
            asked_again = True
        await self._play("results")
        await self._play("figures")
        return "end" if await self._play("retrospective") == "done" else "end:without-retrospective"

    async def _play(self, phase: str) -> str:
        visit = self._visits[phase] = self._visits.get(phase, 0) + 1
        opened = await workflow.execute_activity(
            steps.OPEN_PHASE,
            OpenPhase(run=self._told.run, phase=phase, visit=visit, scope="", at=self._at),
            result_type=Opened,
            start_to_close_timeout=_WORK,
            heartbeat_timeout=_PULSE,
            retry_policy=_RETRY,
        )
        self._at = opened.at
        if opened.outcome is not None or opened.deadline is None:
            return opened.outcome or "done"
        deadline, look = opened.deadline, opened.look_at
        while True:
            goal = min(deadline, look or deadline)
            span = (goal - opened.at) / 86_400_000  # a day in a millisecond
            left = opened.real_at + span - workflow.now()
            if left > timedelta():
                with contextlib.suppress(TimeoutError):
                    await workflow.wait_condition(lambda: self._poked, timeout=left)
                self._poked = False
            checked = await workflow.execute_activity(
                steps.CHECK_PHASE,
                CheckPhase(run=self._told.run, phase=phase, visit=visit, at=goal, due=goal == deadline),
                result_type=Checked,
                start_to_close_timeout=_WORK,
                heartbeat_timeout=_PULSE,
                retry_policy=_RETRY,
            )
            if checked.outcome is not None:
                self._at = checked.at
                return checked.outcome
            deadline, look = checked.deadline or deadline, checked.look_at


class ByHand:
    """A starter that starts the hand-written workflow instead of the interpreter."""

    def __init__(self, gateway: Any) -> None:
        self._gateway = gateway

    def start(self, kind: str, argument: Any, **known: Any) -> bool:
        return bool(self._gateway.start("contest-by-hand", argument, **known))


def measured(gateway: Any, launcher: Any, seed: int) -> dict[str, float]:
    """One run: seconds from start to result, events, workflow tasks."""
    began = time.perf_counter()
    run = launcher.start(TASK, at=AT, scale=SCALE, rehearsed=True, seed=seed)
    result = gateway.result(run.id, 120, RunResult)
    seconds = time.perf_counter() - began

    async def history() -> Any:
        return await gateway.client.get_workflow_handle(run.id).fetch_history()

    kinds = [event.event_type for event in gateway.run(history()).events]
    from temporalio.api.enums.v1 import EventType

    tasks = kinds.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    return {"seconds": seconds, "events": len(kinds), "tasks": tasks, "visits": result.visits}


def compare(runs: int) -> dict[str, Any]:
    """Both in turns, the same seeds; medians and their ratios."""
    from cli import wiring
    from cli.memory import Memory
    from operations.ports.members import Member
    from rules.spec import load
    from store.embedded import Postgres
    from store.engine import open_engine
    from store.folder import read_folder
    from store.schema import prepare
    from workflows.gateway import Gateway
    from workflows.launch import Launcher
    from workflows.phases import discover
    from workflows.runtime import Crew
    from workflows.server import TemporalServer

    folder = Path(tempfile.mkdtemp(prefix="tr-"))
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with Postgres(folder / "pg") as postgres, TemporalServer(folder / "temporal", ui=False) as server:
        engine = open_engine(postgres.url)
        prepare(engine)
        memory = Memory(engine)
        files = read_folder(Path(__file__).parents[1] / "specs" / "auto")
        community = load(files, discover()).community
        assert community is not None
        memory.specs.publish(files, community, message="bench", author="bench", at=AT)
        joined = datetime(2026, 1, 1, tzinfo=UTC)
        memory.members(community).enlist([Member(f"m{n}", joined, {"consent": True}) for n in range(60)], at=joined)
        with Gateway(server.address) as gateway:
            crew = wiring.crew(memory, gateway)
            both = Crew(workflows=[*crew.workflows, ContestByHand], activities=crew.activities)
            with gateway.working(both):
                interpreter = Launcher(memory.house, gateway)
                by_hand = Launcher(memory.house, ByHand(gateway))
                for launcher in (interpreter, by_hand):
                    measured(gateway, launcher, 1)  # warm up
                for number in range(runs):
                    pair = [(ours, interpreter), (theirs, by_hand)]
                    for found, launcher in pair if number % 2 else reversed(pair):
                        found.append(measured(gateway, launcher, 100 + number))
        engine.dispose()
    return {
        "runs": runs,
        "interpreter": _medians(ours),
        "by hand": _medians(theirs),
        "ratio": {name: round(_medians(ours)[name] / _medians(theirs)[name], 2) for name in _medians(ours)},
    }


def _medians(found: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(one[name] for one in found), 3) for name in found[0]}


def main() -> int:
    """Print the comparison; 3 if the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = compare(given.runs)
    if given.json:
        print(json.dumps(found, indent=2, sort_keys=True))
    else:
        print(f"{'':14}{'events':>8}{'tasks':>8}{'seconds':>10}")
        for who in ("interpreter", "by hand", "ratio"):
            row = found[who]
            print(f"{who:14}{row['events']:>8}{row['tasks']:>8}{row['seconds']:>10}")
    missed = [name for name in ("events", "tasks", "seconds") if found["ratio"][name] > AIM]
    return 3 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
