"""Plan's floor: what reading the same cells costs with nothing around them; called by bench/plan.py.

    python bench/floors/cells.py URL

Fetches every chunk of cells from PostgreSQL, unpacks what is in it, and counts each metric's cells by subject with
Polars, once; ids of members and standings are fetched too. No specs, no windows, no conditions, no second version.
"""

import io
import sys

import polars as pl
import psycopg


def main() -> None:
    """Read, count and print how many cells there were."""
    cells = 0
    with psycopg.connect(sys.argv[1]) as connection, connection.cursor(binary=True) as cursor:
        for query in (
            "SELECT string_agg(id, E'\\n'), string_agg(timestamptz_send(joined), ''::bytea) FROM member",
            "SELECT string_agg(member, E'\\n'), string_agg(at, E'\\n'),"
            " string_agg(timestamptz_send(since), ''::bytea) FROM standing",
        ):
            cursor.execute(query).fetchall()
        for (data,) in cursor.stream("SELECT data FROM chunk"):
            if data[:1] != b"[":
                read = pl.read_ipc(io.BytesIO(data), columns=["metric", "subject", "day", "n"])
                cells += read.height
                read.group_by("metric", "subject").agg(pl.col("n").sum(), pl.col("day").max())
    print(cells)


if __name__ == "__main__":
    main()
