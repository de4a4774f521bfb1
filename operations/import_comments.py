"""Import comments: read what people wrote under works, keep what it says of each comment, and forget the words.

Of every comment a fact is kept: that there is one, whether it is meant well or ill, whether it says one of the key
messages of the work's brief. The words themselves are somebody's own; they are read once and not stored. Importing the
file again changes nothing, and a comment that was edited (the same `id`) corrects what was known of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from operations.errors import Refusal
from operations.fact_gate import FactGate, columns_of
from operations.import_facts import Imported
from operations.ports.facts import Facts, Recorded
from operations.ports.runs import Runs
from operations.ports.texts import TextReader
from operations.rejects import RejectFile
from operations.rows import Batch, Reject, read_rows
from rules.counted import fact_kinds
from rules.spec import Community

ALIASES: Mapping[str, str] = {
    "text": "words",
    "content": "words",
    "comment": "words",
    "occurred_at": "at",
    "work_id": "work",
}
"""Other names of columns."""

KIND = "commented"
FIELDS = ("comments", "positive", "negative", "key_mentions")
"""What is kept of a comment, each 0 or 1 or unknown."""


def import_comments(
    path: Path,
    community: Community,
    facts: Facts,
    runs: Runs,
    reader: TextReader,
    seen: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Import a CSV, CSV.gz or NDJSON file with the columns `id`, `work`, `at` and `words`.

    Raises:
        Refusal: the file cannot be read at all, or the community keeps nothing of comments.
    """
    _refuse_unkept(community)
    gate = FactGate(fact_kinds(community), community.zone)
    total, ignored = Recorded(), set[str]()
    with RejectFile(path) as rejects:
        for batch in read_rows(path, seen):
            gated = gate.take(_read(batch, community, runs, reader))
            total += facts.record_columns(gated.kinds) if gated.kinds else Recorded()
            rejects.add(gated.rejects)
            ignored |= gated.ignored
    return Imported(
        total.new,
        total.known,
        total.changed,
        rejects.count,
        rejects.path if rejects.count else None,
        tuple(rejects.first),
        tuple(sorted(ignored)),
        0,
    )


def key_messages(community: Community, runs: Runs, works: list[str]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """What the brief of each work wants said, each in both languages; a work without a brief is left out."""
    known = runs.works_by_id(community.id, works)
    tasks: dict[str, tuple[tuple[str, ...], ...] | None] = {}
    found = {}
    for id_, work in known.items():
        if work.run not in tasks:
            run = runs.run(work.run)
            task = community.tasks.get(run.task) if run is not None else None
            brief = task.brief if task is not None else None
            tasks[work.run] = (
                tuple(tuple(dict.fromkeys((one.zh, one.en))) for one in brief.must_say) if brief is not None else None
            )
        messages = tasks[work.run]
        if messages is not None:
            found[id_] = messages
    return found


def _refuse_unkept(community: Community) -> None:
    kind = fact_kinds(community).get(KIND)
    if kind is None or kind.about != "work" or not set(FIELDS) <= set(kind.own):
        raise Refusal(
            f"{community.id} keeps nothing of comments.",
            f"Declare the kind of fact {KIND} about works, with the integer fields {', '.join(FIELDS)}.",
        )


def _read(batch: Batch, community: Community, runs: Runs, reader: TextReader) -> Batch:
    """The batch with what each comment says in place of its words; an empty comment is rejected."""
    if not batch.lines:
        return batch
    frame = columns_of(batch, ALIASES, ("id", "work", "at", "words"))
    empty = [row for row, words in enumerate(frame["words"]) if words is None]
    rejects = [
        Reject(batch.lines[row], "words", "", "it says nothing", "fill in the column words", batch.raw[row])
        for row in empty
    ]
    messages = key_messages(community, runs, sorted(set(frame["work"].drop_nulls())))
    rows = []
    for row, (id_, work, at, words) in enumerate(frame.select("id", "work", "at", "words").iter_rows()):
        if words is None:
            continue
        tone = reader.tone(words)
        wanted = messages.get(work)
        told = None if wanted is None else any(any(reader.mentioned(words, one)) for one in wanted)
        rows.append(
            (
                row,
                id_ or hashlib.blake2b(f"{work}\x1f{at}\x1f{words}".encode(), digest_size=12).hexdigest(),
                KIND,
                work,
                at,
                "1",
                _flag(None if tone is None else tone == "positive"),
                _flag(None if tone is None else tone == "negative"),
                _flag(told),
            )
        )
    names = ("row", "id", "kind", "work", "at", *FIELDS)
    kept = pl.DataFrame(rows, schema={name: pl.Int64 if name == "row" else pl.String for name in names}, orient="row")
    places = kept["row"].to_list()
    read = Batch()
    read.frame = kept.drop("row")
    read.lines = [batch.lines[row] for row in places]
    read.raw = [batch.raw[row] for row in places]
    read.rejects = [*batch.rejects, *rejects]
    return read


def _flag(value: bool | None) -> str | None:
    return None if value is None else str(int(value))
