"""What a crowd costs: a co-creation of many contributors and a contest of many entries, from the call to the end.

Both are tasks of the sample on the embedded servers. First everybody comes through the door as real members do: works
through the desk, in bulk and, when all are in, a number of them one by one, and verdicts about them one by one; in the
same run the same rows go into a table of their own, so that the rates can be compared with what PostgreSQL does bare.
Then the whole way is played to its end on a scaled clock by as many simulated people, with one worker process.
Reported: rates, CPU and memory of the worker and of both servers, events of history, and whether the books are right.

    python bench/crowd.py [--contributors 20000] [--contributions 60000] [--entries 100000] [--kill] [--json]

With `--kill` the worker is killed (SIGKILL) in the middle of closing each large phase, and started again; whatever is
counted at the end must be the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.doors import doors
from bench.servers import Room, Working, awaited, looked_at, publish, servers, watching, working

AT = datetime(2027, 3, 8, 2, tzinfo=UTC)
LONG_AGO = AT - timedelta(days=400)
LARGE = {"contest": ("entries", "screening", "judging", "figures"), "co_creation": ("tips", "sorted")}


def gather(memory: Any, people: int) -> list[str]:
    """The sample community with so many members: few of them core members and ambassadors, a tenth active."""
    from operations.ports.members import Member
    from operations.ports.standings import First, Place

    spec = publish(memory, LONG_AGO)
    ids = [f"m{number:06d}" for number in range(people)]
    memory.members(spec).enlist(
        [Member(one, LONG_AGO, {"consent": True, "interests": frozenset({"long-distance"})}) for one in ids],
        at=LONG_AGO,
    )
    tiers = {"ambassador": ids[:20], "core": ids[20:120], "active": ids[120 : 120 + people // 10]}
    firsts = [
        First(place=Place(member=one, ladder="tier"), at=tier, since=LONG_AGO)
        for tier, there in tiers.items()
        for one in there
    ]
    memory.standings.begin("auto", firsts, at=LONG_AGO)
    return ids


def events_of(gateway: Any, run: str) -> dict[str, int]:
    """Events of history: of the longest execution of a run, and of all of them together."""
    found = [one.events for one in gateway.list(f"WorkflowId = '{run}'", limit=50)]
    return {"longest_history": max(found), "events": sum(found), "executions": len(found)}


def facts_of(memory: Any) -> dict[str, int]:
    """How many facts there are of each kind."""
    from sqlalchemy import text

    query = text(
        "SELECT k.id, count(*) FROM fact f JOIN fact_kind k ON (k.community, k.key) = (f.community, f.kind) GROUP BY 1"
    )
    with memory.engine.connect() as connection:
        return {row[0]: int(row[1]) for row in connection.execute(query)}


def once(before: Mapping[str, int], memory: Any, run: str) -> list[str]:
    """What was told too often or not at all: every work, verdict and score is one fact, however often a step began."""
    from sqlalchemy import text

    rows = text("SELECT phase, count(*) FROM work WHERE run = :run AND state <> 'withdrawn' GROUP BY 1")
    acts = text("SELECT phase, verb, count(*), sum((SELECT count(*) FROM jsonb_object_keys(fields))) FROM act"
                " WHERE run = :run GROUP BY 1, 2")  # fmt: skip
    with memory.engine.connect() as connection:
        works = {row[0]: int(row[1]) for row in connection.execute(rows, {"run": run})}
        done = {(row[0], row[1]): (int(row[2]), int(row[3] or 0)) for row in connection.execute(acts, {"run": run})}
    found = {kind: count - before.get(kind, 0) for kind, count in facts_of(memory).items()}
    count = {key: number for key, (number, _) in done.items()}
    revised = sum(number for (_, verb), number in count.items() if verb == "revise")
    expected = {
        "submitted": sum(works.values()) + revised,
        "reviewed": sum(number for (_, verb), number in count.items() if verb == "verdict"),
        "scored": sum(fields for (_, verb), (_, fields) in done.items() if verb == "score"),
    }
    return [
        f"{found.get(kind, 0)} facts {kind}, not {number}"
        for kind, number in expected.items()
        if found.get(kind, 0) != number
    ]


def contest(memory: Any, gateway: Any, entries: int, scale: str, patience: float) -> dict[str, Any]:
    """A contest in which everybody hands in one photograph, to the end."""
    from workflows.launch import Launcher
    from workflows.steps import RunResult

    before, began = facts_of(memory), time.monotonic()
    run = Launcher(memory.house, gateway).start(
        "most-beautiful-lines", at=AT, scale=scale, rehearsed=True, crowd=entries, seed=5
    )
    result = gateway.result(run.id, patience, RunResult)
    seconds = round(time.monotonic() - began, 1)
    judged = memory.runs.visit(run.id, "judging")
    ranking, scores = judged.results["ranking"], judged.results["scores"]
    tally = {phase: memory.runs.tally(run.id, phase, 1) for phase in ("entries", "screening", "judging")}
    wrong = [
        sentence
        for sentence, holds in {
            "not every entry is in": tally["entries"].works == entries,
            "somebody has two entries": tally["entries"].authors == entries,
            "the ranking is not by score": ranking == sorted(ranking, key=lambda one: -float(scores[one])),
            "it has not ended well": result.end.startswith("end"),
        }.items()
        if not holds
    ]
    wrong += once(before, memory, run.id)
    return {
        "works": tally["entries"].works,
        "verdicts": tally["screening"].acts,
        "ranked": len(ranking),
        "scores": tally["judging"].acts,
        "facts": memory.facts("auto").count(),
        "seconds": seconds,
        "end": result.end,
        **events_of(gateway, run.id),
        "wrong": wrong,
    }


def co_creation(memory: Any, gateway: Any, contributors: int, tips: int, scale: str, patience: float) -> dict[str, Any]:
    """A handbook to which everybody contributes tips, looked through as they come in by those who keep the chapters.

    Simulated people give two on average, so more of them come if more are wanted.
    """
    from workflows.launch import Launcher
    from workflows.steps import RunResult

    before, began = facts_of(memory), time.monotonic()
    run = Launcher(memory.house, gateway).start(
        "owners-handbook", at=AT, scale=scale, rehearsed=True, crowd=max(contributors, tips // 2 + tips // 100), seed=7
    )
    result = gateway.result(run.id, patience, RunResult)
    seconds = round(time.monotonic() - began, 1)
    wrong, books = examined(memory, run.id)
    wrong += once(before, memory, run.id)
    tally = {phase: memory.runs.tally(run.id, phase, 1) for phase in ("tips", "sorted")}
    if tally["tips"].works < tips or tally["tips"].authors < contributors:
        wrong.append("not every tip is in")
    if not result.end.startswith("end"):
        wrong.append("it has not ended well")
    return {
        "works": tally["tips"].works,
        "contributors": tally["tips"].authors,
        "verdicts": tally["sorted"].acts,
        "facts": memory.facts("auto").count(),
        "seconds": seconds,
        "end": result.end,
        **books,
        **events_of(gateway, run.id),
        "wrong": wrong,
    }


def examined(memory: Any, run: str) -> tuple[list[str], dict[str, int]]:
    """Whether the ledger of contributions is that of the accepted works, and the points given are the pot."""
    from sqlalchemy import text

    queries = {
        "accepted_works": "SELECT count(*) FROM work WHERE run = :run AND state = 'accepted'",
        "undecided": "SELECT count(*) FROM work WHERE run = :run AND state = 'open'",
        "credit_of_works": "SELECT coalesce(sum(credit), 0) FROM work WHERE run = :run AND state = 'accepted'",
        "credit_in_ledger": "SELECT coalesce(sum(weight), 0) FROM contribution WHERE run = :run",
        "in_ledger": "SELECT count(DISTINCT member) FROM contribution WHERE run = :run",
        "named": "SELECT count(DISTINCT member) FROM credit WHERE list LIKE :run || '/release/%'",
    }  # fmt: skip
    with memory.engine.connect() as connection:
        found = {
            name: int(connection.execute(text(query), {"run": run}).scalar_one()) for name, query in queries.items()
        }
    wrong = []
    if found["credit_of_works"] != found["credit_in_ledger"]:
        wrong.append("the ledger is not the credit of the works")
    if found["undecided"]:
        wrong.append("works are not decided")
    return wrong, found


@contextmanager
def killing(memory: Any, worker: Working, task: str, phases: Sequence[str]) -> Iterator[list[str]]:
    """Kills the worker as soon as one of these phases of a task is being closed, once for each."""
    from sqlalchemy import text

    query = text("SELECT v.phase FROM visit v JOIN run r ON r.id = v.run"
                 " WHERE r.task = :task AND r.status = 'running' AND v.state = 'closing'")  # fmt: skip
    killed: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            with memory.engine.connect() as connection:
                closing = set(connection.execute(query, {"task": task}).scalars())
            for phase in phases:
                if phase in closing and phase not in killed:
                    killed.append(phase)
                    over.wait(0.3)  # it is in the middle of it by now
                    worker.kill()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """All of it."""
    entries, tips = asked.entries, asked.contributions
    found: dict[str, Any] = {}
    with servers() as room:
        memory, gateway = room.memory, room.gateway
        ids = gather(memory, max(entries, asked.contributors, tips // 2 + tips // 100, 400))
        for name, one in (doors(memory, ids, entries, tips, asked.alone) if asked.alone else {}).items():
            found[name] = {"door": one}
        plays: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {}
        if tips:
            plays["co_creation"] = (
                "owners-handbook",
                lambda: co_creation(memory, gateway, asked.contributors, tips, asked.scale, asked.patience),
            )
        if entries:
            plays["contest"] = (
                "most-beautiful-lines",
                lambda: contest(memory, gateway, entries, asked.scale, asked.patience),
            )
        for name, (task, play) in plays.items():
            found.setdefault(name, {})["way"] = way(room, task, play, LARGE[name] if asked.kill else (), asked.log)
            if asked.verbose:
                print(json.dumps({name: found[name]}, indent=1), file=sys.stderr)
    return found


def way(
    room: Room, task: str, play: Callable[[], dict[str, Any]], kills: Sequence[str], log: str | None
) -> dict[str, Any]:
    """A task from its beginning to its end, with one worker, and what that costs."""
    with working(room, Path(log or room.here / "worker.log")) as worker:
        awaited(room.gateway)
        with watching(looked_at(room, worker)) as watched, killing(room.memory, worker, task, kills) as killed:
            told = play()
    processes = {one: seen.told() for one, seen in watched.items()}
    cpu = sum(one["cpu_s"] for one in processes.values())
    if sorted(killed) != sorted(kills):
        told["wrong"].append(f"the worker was killed in {', '.join(killed) or 'nothing'}, not in {', '.join(kills)}")
    return told | {
        "killed_in": killed,
        "processes": processes,
        "cpu_s": round(cpu, 1),
        "works_per_cpu_s": round(told["works"] / cpu, 1),
        "works_per_s": round(told["works"] / told["seconds"], 1),
    }


def report(name: str, found: dict[str, Any]) -> None:
    """What was measured, for people."""
    way, door = found["way"], found.get("door")
    if door is not None:
        print(
            f"{name}, the door: {door['in_bulk_per_s']} works/s in bulk ({door['in_bulk_per_cpu_s']} per CPU second),"
            f" bare inserts {door['bare']['insert_per_s']} rows/s ({door['of_bare_insert']:.2f} of them), COPY"
            f" {door['bare']['copy_per_s']}; one by one {door['alone_ms']} ms, bare"
            f" {door['bare']['insert_alone_per_s']}/s"
        )
        if "verdict_ms" in door:
            print(f"  a verdict among all of them: {door['verdict_ms']} ms")
    print(
        f"{name}, the way: {way['works']} works, {way['verdicts']} verdicts, {way['facts']} facts in"
        f" {way['seconds']} s, {way['works_per_s']} works/s, {way['works_per_cpu_s']} per CPU second;"
        f" {way['events']} events of history; ended with {way['end']}"
    )
    if way["killed_in"]:
        print(f"  the worker was killed while it closed {', '.join(way['killed_in'])}")
    for process, one in way["processes"].items():
        print(f"  {process:<9} {one['cpu_s']:>8.1f} s CPU  {one['peak_mb']:>6.0f} MB")


def main() -> int:
    """Exit code 1 when something is not right at the end, or a history has a thousand events."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contributors", type=int, default=20_000)
    parser.add_argument("--contributions", type=int, default=60_000, help="tips; none leaves the co-creation out")
    parser.add_argument("--entries", type=int, default=100_000, help="of the contest; none leaves it out")
    parser.add_argument("--alone", type=int, default=500, help="works handed in one by one when all are in; 0: no door")
    parser.add_argument("--kill", action="store_true", help="kill the worker while it closes the large phases")
    parser.add_argument("--scale", default="1d=50ms", help="the clock of both")
    parser.add_argument("--patience", type=float, default=7200, help="seconds after which it is given up")
    parser.add_argument("--log", help="where the worker's log goes")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measured(asked)
    ways = {name: one["way"] for name, one in found.items()}
    wrong = [f"{name}: {sentence}" for name, one in ways.items() for sentence in one["wrong"]]
    wrong += [f"{name} has {one['events']} events" for name, one in ways.items() if one["events"] >= 1000]
    if asked.json:
        print(json.dumps(found, indent=2, sort_keys=True))
    else:
        for name, one in found.items():
            report(name, one)
        print("  everything is right" if not wrong else "  WRONG: " + "; ".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
