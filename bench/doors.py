"""Doors: works and verdicts as real people bring them, in bulk and one by one, beside what PostgreSQL does bare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

AT_ONCE = 5_000  # works handed in together
BARE = 2_000  # rows of one bare insert
TIP = "停好车先拍一张四周的照片，回来时对着看"
CAPTION = "那一根线条，从车门一直走到尾灯"


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
