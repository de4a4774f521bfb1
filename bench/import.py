"""Import: our way in against plain COPY of the same rows, in one run, on one embedded server.

    python bench/import.py [--members 2000] [--json]

`copy` is COPY of the CSV as it is into a table of texts without a key: nothing is checked, nothing is known afterwards.
`copy, keyed` is COPY of clean rows into a table like ours, with its primary key: still nothing is checked, a second
time is an error. `import` judges every value, knows what it has seen, and keeps the metrics of `specs/auto`;
`again` is the same file once more; `1 % broken` is the same with one row in a hundred spoilt.
"""

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from operations.generate import write_facts, write_members
from operations.import_facts import Imported, import_facts
from operations.import_members import import_members
from rules.spec import load
from store.embedded import Postgres
from store.engine import open_engine
from store.facts import SqlFacts
from store.folder import read_folder
from store.members import SqlMembers
from store.schema import prepare
from store.specs import SqlSpecs
from store.standings import SqlStandings
from workflows.phases import discover

AT = datetime(2026, 11, 21, 4, tzinfo=UTC)


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--members", type=int, default=2000)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tr-") as folder, Postgres(Path(folder) / "pg") as server:
        engine = open_engine(server.url)
        figures = measured(engine, Path(folder), given.members)
        engine.dispose()
    if given.json:
        print(json.dumps(figures, indent=2, sort_keys=True))
        return
    print(f"{figures['facts']:,} facts of {given.members:,} members, 42 metrics kept\n")
    print(f"{'':14}{'seconds':>9}{'facts/s':>11}{'of copy':>9}{'of keyed':>10}")
    for name, way in figures["ways"].items():
        print(
            f"{name:14}{way['seconds']:9.2f}{way['facts_per_second']:11,.0f}"
            f"{way['of_copy']:9.2f}{way['of_keyed_copy']:10.2f}"
        )


def measured(engine: Engine, folder: Path, size: int) -> dict[str, Any]:
    """All ways, each timed once, in a fresh database."""
    members, facts, broken = folder / "members.csv", folder / "facts.csv", folder / "broken.csv"
    write_members(members, seed=1, size=size, at=AT)
    count = write_facts(facts, seed=1, size=size, at=AT)
    spoilt = spoil(facts, broken)
    packed = folder / "facts.csv.gz"
    packed.write_bytes(gzip.compress(facts.read_bytes(), 6))
    prepare(engine)
    specs = SqlSpecs(engine, discover())
    files = read_folder(Path(__file__).parents[1] / "specs" / "auto")
    community = load(files, discover()).community
    assert community is not None
    specs.publish(files, community, message="bench", author="bench", at=AT)
    import_members(members, community, SqlMembers(engine, specs, community), SqlStandings(engine), at=AT)
    ours = SqlFacts(engine, specs, community)
    took: dict[str, float] = {}
    took["copy"] = timed(lambda: bare_copy(engine, facts))[0]
    took["import"], first = timed(lambda: import_facts(packed, community, ours))
    took["copy, keyed"] = timed(lambda: keyed_copy(engine))[0]
    took["again"], second = timed(lambda: import_facts(packed, community, ours))
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE fact, chunk"))
    took["1 % broken"], third = timed(lambda: import_facts(broken, community, ours))
    assert (first.new, second.known, third.rejected) == (count, count, spoilt), (first, second, third)
    return {
        "facts": count,
        "ways": {
            name: {
                "seconds": round(took[name], 3),
                "facts_per_second": round(count / took[name]),
                "of_copy": round(took["copy"] / took[name], 3),
                "of_keyed_copy": round(took["copy, keyed"] / took[name], 3),
            }
            for name in ("copy", "copy, keyed", "import", "again", "1 % broken")
        },
    }


def timed(do: Callable[[], Imported | None]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    begun = time.perf_counter()
    done = do()
    return time.perf_counter() - begun, done


def spoil(facts: Path, broken: Path) -> int:
    """Write the same rows with one in a hundred made unreadable; returns how many."""
    lines = facts.read_text(encoding="utf-8").splitlines()
    spoilt = range(50, len(lines), 100)
    for place in spoilt:
        cells = lines[place].split(",")
        cells[3] = "some day"
        lines[place] = ",".join(cells)
    broken.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(spoilt)


def bare_copy(engine: Engine, facts: Path) -> None:
    """COPY the file as it is into a table of texts."""
    with facts.open("rb") as file:
        header = file.readline().decode().strip().split(",")
        columns = ", ".join(f'"{name}" text' for name in header)
        with engine.begin() as connection:
            connection.execute(text(f"CREATE TABLE bare ({columns})"))
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT csv)") as copy:
                while block := file.read(1 << 18):
                    copy.write(block)


def keyed_copy(engine: Engine) -> None:
    """COPY the rows of our own table into another one of its shape."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE keyed (LIKE fact INCLUDING INDEXES)"))
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            with cursor.copy("COPY fact TO STDOUT (FORMAT binary)") as copy:
                blocks = [bytes(block) for block in copy]
            whole = b"".join(blocks)
            with cursor.copy("COPY keyed FROM STDIN (FORMAT binary)") as copy:
                for start in range(0, len(whole), 1 << 18):
                    copy.write(whole[start : start + (1 << 18)])


if __name__ == "__main__":
    main()
