"""Practice: a small made-up community of owners to learn with, its facts counted back from today.

`members.tsv`, `facts.tsv` and `plaza.tsv` beside this file say in days before today what happened; here that becomes
files that `trellis import` reads. They fit `specs/auto`. Every walk of the guide begins with the first two; the third
is what happened on the plaza and in the circles besides.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.ports.members import Members

_HOURS = ("08:15", "12:40", "20:05")
_FIXED = ("id", "member", "kind", "at")


def practice(today: date) -> Mapping[str, str]:
    """The files of a practice folder as they are on this day: name → CSV."""
    return {
        "members.csv": _members(today),
        "facts.csv": _facts(today, "facts.tsv"),
        "plaza.csv": _facts(today, "plaza.tsv"),
    }


def besides(members: Members) -> int:
    """How many members there are besides those of the practice community."""
    _, *rows = _table("members.tsv")
    return members.count() - len(members.find({name for row in rows for name in _names(row[0])}))


def _members(today: date) -> str:
    head, *rows = _table("members.tsv")
    columns = (*head, "consent", "registered")
    told = [
        [name, (today - timedelta(days=int(row[1]))).isoformat(), *row[2:], "true", "true"]
        for row in rows
        for name in _names(row[0])
    ]
    return _csv(columns, told)


def _facts(today: date, table: str) -> str:
    told: list[dict[str, str]] = []
    for names, kind, days, fields in _table(table)[1:]:
        given = dict(pair.split("=", 1) for pair in fields.split(";"))
        for member, (number, ago), by in product(_names(names), enumerate(_days(days), 1), _names(given.get("by", ""))):
            at = f"{(today - timedelta(days=ago)).isoformat()}T{_HOURS[ago % 3]}:00+08:00"
            said = {name: value.format(member=member, n=number) for name, value in given.items()}
            said |= {"by": by} if by else {}
            key = "-".join([kind, member, str(ago), *(said[name] for name in ("via", "by") if name in said)])
            told.append({"id": key, "member": member, "kind": kind, "at": at, **said})
    told.sort(key=lambda fact: (fact["at"], fact["id"]))
    columns = [*_FIXED, *sorted({name for fact in told for name in fact} - set(_FIXED))]
    return _csv(columns, [[fact.get(name, "") for name in columns] for fact in told])


def _table(name: str) -> list[list[str]]:
    text = files(__name__).joinpath(name).read_text("utf-8")
    return [line.removeprefix("# ").split("\t") for line in text.splitlines()]


def _names(said: str) -> Iterator[str]:
    """`an`, `an,bo`, or `guest-01..guest-40`."""
    for part in said.split(","):
        first, _, last = part.partition("..")
        if not last:
            yield first
            continue
        stem, _, low = first.rpartition("-")
        for number in range(int(low), int(last.rpartition("-")[2]) + 1):
            yield f"{stem}-{number:0{len(low)}}"


def _days(said: str) -> Iterator[int]:
    """`3,9` are two days ago, `1-28/3` every third day from one day ago to at most twenty-eight."""
    for part in said.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        yield from range(int(first), int(last or first) + 1, int(step or 1))


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
