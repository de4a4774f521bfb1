"""Plan: how long `trellis plan` takes for communities of any size, start-up included, and how much memory it wants.

    python bench/plan.py --members 100000 --facts 5000000 [--folder DIR] [--runs 3] [--json]

A generated community of 2,000 members is taken in as anybody's would be, facts and all; then its members, standings,
facts and cells are copied inside the database as often as it takes, so that a million members stand in the very
tables that an import fills. The command runs in a process of its own against a server that runs already, its code
compiled once as that of an installation is. With `--folder` the database is kept there and used again; where
specs/auto is no longer what is current in it, that is applied first. Beside each figure stands what reading the same
cells alone costs (bench/floors/cells.py), and how many times as much the command takes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from operations.generate import write_facts, write_members
from operations.import_facts import import_facts
from operations.import_members import import_members
from rules.spec import load
from store import chunks
from store.embedded import Postgres
from store.engine import open_engine
from store.facts import SqlFacts
from store.folder import read_folder
from store.measures import SqlMeasures
from store.members import SqlMembers
from store.numbers import number_of
from store.schema import prepare
from store.specs import SqlSpecs
from store.standings import SqlStandings
from workflows.phases import discover

ROOT = Path(__file__).parents[1]
LISTS = ("transitions", "graces", "observations", "rules")
AT = datetime(2026, 11, 21, 4, tzinfo=UTC)
SEED = 2000
"""Members that are really generated and imported."""
SMALL = 100_000
LIMITS = ((2.5, 1.2 * 1024), (8.0, 1.2 * 1024))
"""Seconds and MiB that it may take up to so many members, and for a million; measured alone, on 2 cores."""
EDITS = {
    "a threshold": ("tiers.yaml", "active_days:   { at_least: 6,", "active_days:   { at_least: 5,"),
    "a keep": ("tiers.yaml", "active_days: { at_least: 3,", "active_days: { at_least: 4,"),
    "a stage": ("lifecycle.yaml", "active_days: { at_least: 12,", "active_days: { at_least: 10,"),
}  # fmt: skip
"""What is edited in specs/auto: file, text, new text."""


def main() -> None:
    """Build, run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--members", type=int, default=100_000)
    options.add_argument("--facts", type=int, default=5_000_000)
    options.add_argument("--folder", type=Path)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with ExitStack() as stack:
        home = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tr-")))
        home.mkdir(parents=True, exist_ok=True)
        server = stack.enter_context(Postgres(home / "postgres"))
        engine = open_engine(server.url)
        if not (home / "built").exists():
            build(engine, home, given.members, given.facts)
            (home / "built").touch()
        brought_up(engine)
        engine.dispose()
        figures = {name: measured(home, name, given.runs) for name in EDITS}
        figures["(floor)"] = floor(home, server.url, given.runs)
    if given.json:
        print(json.dumps(figures, indent=2, sort_keys=True))
        return
    print(
        f"{'edit':14}{'seconds':>9}{'CPU':>8}{'MiB':>8}{'of the time':>13}{'of the room':>13}{'× floor':>9}"
        f"{'other outcomes':>17}"
    )
    seconds, mib = LIMITS[given.members > SMALL]
    for name, found in figures.items():
        shares = f"{found['seconds'] / seconds:13.0%}{found['mib'] / mib:13.0%}"
        times = f"{found['seconds'] / figures['(floor)']['seconds']:9.1f}"
        other = f"{found['differing']:17,}" if "differing" in found else ""
        print(f"{name:14}{found['seconds']:9.2f}{found['cpu']:8.2f}{found['mib']:8.0f}{shares}{times}{other}")


def measured(home: Path, edit: str, runs: int) -> dict[str, Any]:
    """The quickest of some runs of the command after one edit."""
    folder = home / "edited"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "specs" / "auto", folder)
    file, old, new = EDITS[edit]
    before = (folder / file).read_text(encoding="utf-8")
    assert old in before, f"{file} no longer says {old}"
    (folder / file).write_text(before.replace(old, new, 1), encoding="utf-8")
    best: dict[str, Any] = {}
    for _ in range(runs):
        found = _once(home, folder)
        if not best or found["seconds"] < best["seconds"]:
            best = found
    return best


def _once(home: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "cli.main", "plan", str(folder), "--at", AT.isoformat(), "--json"]
    found, done = _timed(home, command, {"TRELLIS_HOME": str(home), "PYTHONPATH": str(ROOT)}, expected=3)
    said = json.loads(done)
    return {**found, "differing": sum(one["new"] + one["gone"] for name in LISTS for one in said[name])}


def floor(home: Path, url: str, runs: int) -> dict[str, Any]:
    """The quickest of some runs of reading the same cells alone."""
    command = [sys.executable, str(ROOT / "bench" / "floors" / "cells.py"), url.replace("+psycopg", "")]
    found = [_timed(home, command, {}, expected=0) for _ in range(runs)]
    return min((figures for figures, _ in found), key=lambda figures: figures["seconds"])


def _timed(home: Path, command: list[str], more: dict[str, str], *, expected: int) -> tuple[dict[str, Any], bytes]:
    environment = {**os.environ, **more, "PYTHONPYCACHEPREFIX": str(home / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        begun = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=home, stdout=out, stderr=error)
        peak = [0]
        watch = threading.Thread(target=_watched, args=(Path(f"/proc/{process.pid}/status"), peak), daemon=True)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        error.seek(0)
        if process.returncode != expected:
            raise SystemExit(error.read().decode() or f"{' '.join(command)} came out with {process.returncode}")
        cpu = usage.ru_utime + usage.ru_stime
        return {"seconds": took, "cpu": cpu, "mib": peak[0] / 1024}, out.read()


def _watched(status: Path, peak: list[int]) -> None:
    """The most room a process ever had, in KiB, until it is gone; its own count would begin with that of its parent."""
    with suppress(OSError):
        while True:
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak[0] = max(peak[0], int(line.split()[1]))
            time.sleep(0.02)


def brought_up(engine: Engine) -> None:
    """Apply specs/auto if the database has another version of it."""
    prepare(engine)
    files = read_folder(ROOT / "specs" / "auto")
    community = load(files, discover()).community
    assert community is not None
    specs = SqlSpecs(engine, discover())
    if specs.current("auto").digest != community.digest:
        specs.publish(files, community, message="bench", author="bench", at=AT)
        SqlMeasures(engine, community).tidy()


# ------------------------------------------------------------------------------------------------------------ building
def build(engine: Engine, home: Path, members: int, facts: int) -> None:
    """Fill an empty database with a community of this size."""
    copies = max(1, round(members / SEED))
    _seed(engine, home, facts // copies)
    with engine.begin() as connection:
        number = number_of(connection, "auto")
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        numbers = _copy_members(connection, number, copies)
        _copy_facts(connection, number)
        _copy_cells(connection, number, numbers, copies)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _seed(engine: Engine, home: Path, facts: int) -> None:
    prepare(engine)
    whole, some = home / "whole.csv", home / "facts.csv"
    write_members(home / "members.csv", seed=1, size=SEED, at=AT)
    count = write_facts(whole, seed=1, size=SEED, at=AT)
    with whole.open(encoding="utf-8") as source, some.open("w", encoding="utf-8") as target:
        target.write(next(source))
        for place, line in enumerate(source):
            if place * facts // count != (place + 1) * facts // count:
                target.write(line)
    specs = SqlSpecs(engine, discover())
    files = read_folder(ROOT / "specs" / "auto")
    community = load(files, discover()).community
    assert community is not None
    specs.publish(files, community, message="bench", author="bench", at=AT)
    import_members(home / "members.csv", community, SqlMembers(engine, specs, community), SqlStandings(engine), at=AT)
    import_facts(some, community, SqlFacts(engine, specs, community))
    SqlMeasures(engine, community).community([], AT)  # rebuilds what the import left in doubt
    chunks.merge(engine, "auto", at_least=1)


def _copy_members(connection: Connection, number: int, copies: int) -> pl.DataFrame:
    """Members, their numbers and standings, again and again; returns which number was copied to which."""
    some = {"number": number, "copies": copies - 1}
    connection.execute(
        text(
            "INSERT INTO member (community, id, joined, attributes, changed_at)"
            " SELECT community, id || '-' || n, joined, attributes, changed_at"
            " FROM member, generate_series(1, :copies) n"
        ),
        some,
    )
    connection.execute(
        text(
            "INSERT INTO subject (community, kind, id) SELECT community, kind, id || '-' || n"
            " FROM subject, generate_series(1, :copies) n WHERE community = :number AND kind = 'member'"
        ),
        some,
    )
    connection.execute(
        text(
            "INSERT INTO standing (community, ladder, value, member, at, since, held)"
            " SELECT community, ladder, value, member || '-' || n, at, since, held"
            " FROM standing, generate_series(1, :copies) n"
        ),
        some,
    )
    connection.execute(
        text(
            "CREATE TEMP TABLE copied AS SELECT a.key AS was, b.key AS is_now FROM subject a JOIN subject b"
            " ON a.kind = 'member' AND b.kind = 'member' AND b.id LIKE '%-%' AND a.id = split_part(b.id, '-', 1)"
        )
    )
    rows = connection.execute(text("SELECT was, is_now FROM copied ORDER BY is_now")).all()
    return pl.DataFrame([tuple(row) for row in rows], schema={"was": pl.Int32, "is_now": pl.Int32}, orient="row")


def _copy_facts(connection: Connection, number: int) -> None:
    connection.execute(
        text(
            "INSERT INTO fact (id, at, recorded_at, member, kind, community, fields)"
            " SELECT CAST(md5(f.id::text || c.is_now) AS uuid), f.at, f.recorded_at, c.is_now, f.kind, f.community,"
            " f.fields FROM fact f JOIN copied c ON c.was = f.member WHERE f.community = :number"
        ),
        {"number": number},
    )


def _copy_cells(connection: Connection, number: int, numbers: pl.DataFrame, copies: int) -> None:
    members = set(numbers["was"].unique())
    rows = connection.execute(text("SELECT key, metrics, data FROM chunk WHERE merged")).all()
    for row in rows:
        (metric,) = row.metrics
        cells = chunks.unpacked([bytes(row.data)], [metric])
        mine = pl.col("subject").is_in(sorted(members))
        copied = cells.filter(mine).join(numbers, left_on="subject", right_on="was")
        copied = copied.with_columns(pl.col("is_now").alias("subject")).drop("is_now")
        whole = cells.filter(~mine).with_columns((pl.col("n") * copies).cast(pl.Int32))
        connection.execute(text("DELETE FROM chunk WHERE key = :key"), {"key": row.key})
        everything = pl.concat([cells.filter(mine), copied, whole]).sort("day", "subject", "t")
        for part in everything.iter_slices(chunks.LARGEST):
            chunks.append(connection, number, part, merged=True)


if __name__ == "__main__":
    main()
