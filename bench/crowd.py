"""What a crowd costs: a co-creation of many contributors and a contest of many entries, from the call to the end.

Both are tasks of the sample on the embedded servers. First everybody comes through the door as real members do: works
through the desk, in bulk and, when all are in, a number of them one by one, and verdicts about them one by one; in the
same run the same rows go into a table of their own, so that the rates can be compared with what PostgreSQL does bare.
Then the whole way is played to its end on a scaled clock by as many simulated people, with one worker process.
Reported: rates, CPU and memory of the worker and of both servers, events of history, and whether the books are right.

    python bench/crowd.py [--contributors 20000] [--contributions 60000] [--entries 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.touch import watching, working  # noqa: E402

AT = datetime(2027, 3, 8, 2, tzinfo=UTC)
LONG_AGO = AT - timedelta(days=400)
AT_ONCE = 5_000  # works handed in together
BARE = 2_000  # rows of one bare insert
TIP = "停好车先拍一张四周的照片，回来时对着看"
CAPTION = "那一根线条，从车门一直走到尾灯"


def gather(memory: Any, people: int) -> list[str]:
    """The sample community with so many members: few of them core members and ambassadors, a tenth active."""
    from operations.ports.members import Member
    from operations.ports.standings import First, Place
    from operations.publish import publish
    from store.folder import read_folder
    from workflows.phases import discover

    publish(
        memory.specs, read_folder(ROOT / "specs" / "auto"), discover(), message="bench", author="bench", at=LONG_AGO
    )
    spec = memory.specs.current("auto")
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


def hand_in(
    desk: Any, run: str, phase: str, works: Sequence[tuple[str, dict[str, Any], str | None]], alone: int
) -> dict[str, Any]:
    """All of these works through the desk, the last ones one by one."""
    from operations.ports.runs import Entry

    many, single = works[: len(works) - alone], works[len(works) - alone :]
    accepted = 0
    began, spent = time.monotonic(), time.process_time()
    for start in range(0, len(many), AT_ONCE):
        setting, visit = desk.opened(run, phase)
        page = many[start : start + AT_ONCE]
        entries = [Entry(author=who, at=setting.at, fields=fields, into=into) for who, fields, into in page]
        accepted += sum(one.accepted for one in desk.submit_many(setting, visit, entries))
    seconds, cpu = time.monotonic() - began, time.process_time() - spent
    took, spent = [], time.process_time()
    for who, fields, into in single:
        began = time.perf_counter()
        accepted += desk.submit(run, phase, member=who, fields=fields, into=into).accepted
        took.append(time.perf_counter() - began)
    return {
        "accepted": accepted,
        "in_bulk_per_s": round(len(many) / seconds),
        "in_bulk_per_cpu_s": round(len(many) / cpu),
        "alone_ms": told(took, time.process_time() - spent),
    }


def look_through(desk: Any, run: str, phase: str, works: Sequence[str]) -> dict[str, float]:
    """Verdicts about some of many works, one by one."""
    took, spent = [], time.process_time()
    for work in works:
        began = time.perf_counter()
        desk.answer(run, phase, by="role:coordinator", choice="approve", about=work, fields={"reason": "seen"})
        took.append(time.perf_counter() - began)
    return told(took, time.process_time() - spent)


def told(took: Sequence[float], cpu: float) -> dict[str, float]:
    """Milliseconds: the median, what 95 in 100 stay below, and the CPU of this process for each."""
    if len(took) < 2:
        return {}
    return {
        "median": round(1000 * statistics.median(took), 1),
        "p95": round(1000 * statistics.quantiles(took, n=20)[-1], 1),
        "cpu": round(1000 * cpu / len(took), 1),
    }


def bare(engine: Any, run: str, phase: str) -> dict[str, int]:
    """What PostgreSQL does with the same rows and the same key in a table of their own: rows a second."""
    found: dict[str, int] = {}
    columns = (
        "community, id, run, phase, visit, author, unit, authors, shares, n, at, version, into_, late, state, credit,"
        " fields"
    )
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        for name in ("copied", "batched"):
            cursor.execute(f"CREATE TABLE bare_{name} AS SELECT {columns} FROM work WITH NO DATA")
            cursor.execute(f"ALTER TABLE bare_{name} ADD PRIMARY KEY (community, id)")
        raw.commit()
        cursor.execute(f"SELECT {columns} FROM work WHERE run = %s AND phase = %s ORDER BY seq", (run, phase))
        rows = cursor.fetchall()
        from psycopg.types.json import Jsonb

        rows = [(*row[:-1], Jsonb(row[-1])) for row in rows]
        began = time.monotonic()
        with cursor.copy(f"COPY bare_copied ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        raw.commit()
        found["copy_per_s"] = round(len(rows) / (time.monotonic() - began))
        places = ", ".join(["%s"] * len(rows[0]))
        began = time.monotonic()
        for start in range(0, len(rows), BARE):
            cursor.executemany(f"INSERT INTO bare_batched ({columns}) VALUES ({places})", rows[start : start + BARE])
            raw.commit()
        found["insert_per_s"] = round(len(rows) / (time.monotonic() - began))
        cursor.execute("TRUNCATE bare_batched")
        raw.commit()
        some = rows[:500]
        began = time.monotonic()
        for row in some:
            cursor.execute(f"INSERT INTO bare_batched ({columns}) VALUES ({places})", row)
            raw.commit()
        found["insert_alone_per_s"] = round(len(some) / (time.monotonic() - began))
        cursor.execute("DROP TABLE bare_copied, bare_batched")
        raw.commit()
    finally:
        raw.close()
    return found


def events_of(gateway: Any, run: str) -> dict[str, int]:
    """Events of history: of the longest execution of a run, and of all of them together."""
    found = [one.events for one in gateway.list(f"WorkflowId = '{run}'", limit=50)]
    return {"longest_history": max(found), "events": sum(found), "executions": len(found)}


def doors(memory: Any, ids: Sequence[str], entries: int, tips: int, alone: int) -> dict[str, Any]:
    """Runs without a workflow whose phases are open on the wall's clock: works and verdicts, as real people act."""
    from workflows.conduct import Conduct
    from workflows.desk import Desk
    from workflows.launch import Launcher
    from workflows.steps import CheckPhase, OpenPhase

    now = [datetime.now(UTC)]
    conduct, desk = Conduct(memory.house, now=lambda: now[0]), Desk(memory.house, now=lambda: now[0])

    def begin(task: str, *phases: str) -> str:
        run: str = Launcher(memory.house, memory).begin(task, community="auto", at=now[0], key=f"door/{task}").id
        for phase in phases:
            coming = ("tips",) if phase == "sorted" else ()
            conduct.open(OpenPhase(run=run, phase=phase, visit=1, scope="", at=now[0], coming=coming))
        return run

    found: dict[str, Any] = {}
    if entries:
        run = begin("most-beautiful-lines", "entries")
        works = [(one, {"photo": f"https://example.org/{one}", "caption": CAPTION}, None) for one in ids[:entries]]
        told_ = hand_in(desk, run, "entries", works, alone)
        bare_ = bare(memory.engine, run, "entries")
        now[0] = memory.runs.visit(run, "entries").deadline
        conduct.check(CheckPhase(run=run, phase="entries", visit=1, at=now[0], due=True))
        conduct.open(OpenPhase(run=run, phase="screening", visit=1, scope="", at=now[0]))
        verdicts = look_through(desk, run, "screening", memory.runs.visit(run, "screening").things[-alone:])
        found["contest"] = {**told_, "verdict_ms": verdicts, "bare": bare_}
        memory.runs.finish(run, end="cancel", at=now[0])
    if tips:
        run = begin("owners-handbook", "tips", "sorted")
        works = [(ids[n % len(ids)], {"words": f"{TIP} {n}"}, None) for n in range(tips)]
        told_ = hand_in(desk, run, "tips", works, alone)
        found["co_creation"] = {**told_, "bare": bare(memory.engine, run, "tips")}
        memory.runs.finish(run, end="cancel", at=now[0])
    for one in found.values():
        one["of_bare_insert"] = round(one["in_bulk_per_s"] / one["bare"]["insert_per_s"], 3)
    return found


def contest(memory: Any, gateway: Any, entries: int, scale: str, patience: float) -> dict[str, Any]:
    """A contest in which everybody hands in one photograph, to the end."""
    from workflows.launch import Launcher
    from workflows.steps import RunResult

    began = time.monotonic()
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

    began = time.monotonic()
    run = Launcher(memory.house, gateway).start(
        "owners-handbook", at=AT, scale=scale, rehearsed=True, crowd=max(contributors, tips // 2 + tips // 100), seed=7
    )
    result = gateway.result(run.id, patience, RunResult)
    seconds = round(time.monotonic() - began, 1)
    wrong, books = examined(memory, run.id)
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


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """All of it."""
    from cli.memory import Memory
    from store.embedded import Postgres
    from store.engine import open_engine
    from store.schema import prepare
    from workflows.gateway import Gateway
    from workflows.server import TemporalServer

    entries, tips = asked.entries, asked.contributions
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="tr-") as folder:
        here = Path(folder)
        with (
            Postgres(here / "pg") as postgres,
            TemporalServer(here / "temporal", here / "temporal.log", ui=False) as temporal,
        ):
            engine = open_engine(postgres.url)
            prepare(engine)
            memory = Memory(engine)
            ids = gather(memory, max(entries, asked.contributors, tips // 2 + tips // 100, 400))
            for name, one in (doors(memory, ids, entries, tips, asked.alone) if asked.alone else {}).items():
                found[name] = {"door": one}
            with Gateway(temporal.address) as gateway:
                plays: dict[str, Callable[[], dict[str, Any]]] = {}
                if tips:
                    plays["co_creation"] = lambda: co_creation(
                        memory, gateway, asked.contributors, tips, asked.scale, asked.patience
                    )
                if entries:
                    plays["contest"] = lambda: contest(memory, gateway, entries, asked.scale, asked.patience)
                for name, play in plays.items():
                    with working(postgres.url, temporal.address, Path(asked.log or here / "worker.log")) as pid:
                        roots = {
                            "worker": pid,
                            "temporal": int(temporal.pid or 0),
                            "postgres": _postmaster(here / "pg"),
                        }
                        with watching(roots) as watched:
                            way = play()
                        processes = {one: seen.told() for one, seen in watched.items()}
                    cpu = sum(one["cpu_s"] for one in processes.values())
                    way |= {
                        "processes": processes,
                        "cpu_s": round(cpu, 1),
                        "works_per_cpu_s": round(way["works"] / cpu, 1),
                        "works_per_s": round(way["works"] / way["seconds"], 1),
                    }
                    found.setdefault(name, {})["way"] = way
                    if asked.verbose:
                        print(json.dumps({name: found[name]}, indent=1), file=sys.stderr)
            engine.dispose()
    return found


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
    for process, one in way["processes"].items():
        print(f"  {process:<9} {one['cpu_s']:>8.1f} s CPU  {one['peak_mb']:>6.0f} MB")


def _postmaster(folder: Path) -> int:
    return int(next(folder.rglob("postmaster.pid")).read_text().splitlines()[0])


def main() -> int:
    """Exit code 1 when something is not right at the end, or a history has a thousand events."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contributors", type=int, default=20_000)
    parser.add_argument("--contributions", type=int, default=60_000, help="tips; none leaves the co-creation out")
    parser.add_argument("--entries", type=int, default=100_000, help="of the contest; none leaves it out")
    parser.add_argument("--alone", type=int, default=500, help="works handed in one by one when all are in; 0: no door")
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
