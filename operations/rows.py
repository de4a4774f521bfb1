"""Rows: what a CSV, CSV.gz or NDJSON file holds, as columns of text, a batch at a time, within bounds.

The kind of file is told by its content, not by its name. Text must be UTF-8; a byte order mark and Windows line ends
are fine. A row that cannot be read is given back with its line and the reason, and does not disturb the others.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from operations.errors import Refusal
from operations.lines import LONGEST_LINE, Lines, unpacked

BATCH = 50_000
MOST_COLUMNS = 400
JOIN = "\x1e"
"""Between the items of a JSON list."""

_JOINED_LINES = 20  # over how many lines one quoted cell may go


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: where, why, and what to do."""

    line: int
    column: str
    value: str
    reason: str
    fix: str
    row: str


class Batch:
    """Rows as a frame of text columns, with the number and the text of each row's line, and what could not be read."""

    def __init__(self) -> None:
        self.frame = pl.DataFrame()
        self.lines: list[int] = []
        self.raw: list[str] = []
        self.rejects: list[Reject] = []

    @property
    def size(self) -> int:
        """Rows, those that could not be read included."""
        return len(self.lines) + len(self.rejects)


def read_rows(path: Path, seen: Callable[[int], None] = lambda _: None, size: int = BATCH) -> Iterator[Batch]:
    """Read a file of rows, some `size` rows at a time.

    Args:
        seen: told how many bytes of the file were read since it was last told.

    Raises:
        Refusal: there is no such file, it is empty, is neither CSV nor NDJSON, or unpacks to far too much.
    """
    try:
        with path.open("rb") as file:
            lines = Lines(unpacked(file, path, seen))
            number, first = next(((n, line) for n, line in lines if line.strip()), (0, b""))
            if not number:
                raise Refusal(f"{path} is empty.", "The first line of a CSV file names its columns.")
            if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise Refusal(f"{path} is written in UTF-16.", "Save it as UTF-8.")
            first = first.removeprefix(b"\xef\xbb\xbf")
            if first.lstrip()[:1] == b"{":
                lines.back([(number, first)])
                yield from _objects(lines, size)
            else:
                yield from _cells(path, first, lines, size)
    except (zlib.error, EOFError) as error:
        raise Refusal(f"{path} cannot be unpacked: {error}", "The file is damaged; get it again.") from None
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror or error}") from None


def size_of(path: Path) -> int:
    """Bytes of a file, for a progress bar; 0 when it cannot be told."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


# ---------------------------------------------------------------------------------------------------------------- CSV
def _cells(path: Path, first: bytes, lines: Lines, size: int) -> Iterator[Batch]:
    names, separator = _header(path, first)
    table = _Table(names, separator)
    while True:
        clean = lines.clean()
        if clean is not None:
            number, texts, block = clean
            if all(text.count(separator) == len(names) - 1 for text in texts):
                table.block(number, texts, block)
            else:
                for line, text in enumerate(texts, number):
                    if text:
                        table.row(line, text, text.split(separator))
        else:
            line, data = next(lines, (0, b""))
            if not line:
                break
            if data:
                _careful(table, lines, line, data)
        if table.batch.size >= size:
            yield table.taken()
    if table.batch.size:
        yield table.taken()


class _Table:
    """Gathers the rows of a CSV file into batches."""

    def __init__(self, names: Sequence[str], separator: str) -> None:
        self.names = names
        self.separator = separator
        self.batch = Batch()
        self._schema = {f"column{place}": pl.String for place in range(len(names))}
        self._parts: list[pl.DataFrame] = []
        self._rows: list[list[str]] = []

    def block(self, number: int, texts: list[str], block: bytes) -> None:
        """Take many lines at once that hold no quote and nothing odd, and have as many cells as they should."""
        self._close()
        self._parts.append(
            pl.read_csv(
                io.BytesIO(block), has_header=False, schema=self._schema, separator=self.separator, quote_char=None
            )
        )
        self.batch.lines.extend(range(number, number + len(texts)))
        self.batch.raw.extend(texts)

    def row(self, line: int, text: str, cells: list[str]) -> None:
        """Take one row."""
        if len(cells) != len(self.names):
            reason = f"expected {len(self.names)} cells, found {len(cells)}"
            fix = f'put a cell that holds "{self.separator}" in quotes'
            self.batch.rejects.append(Reject(line, "", "", reason, fix, text))
            return
        self._rows.append(cells)
        self.batch.lines.append(line)
        self.batch.raw.append(text)

    def taken(self) -> Batch:
        """What was gathered; the next batch begins."""
        self._close()
        whole = pl.concat(self._parts) if self._parts else pl.DataFrame(schema=self._schema)
        named = {f"column{place}": name for place, name in enumerate(self.names) if name}
        batch, self.batch, self._parts = self.batch, Batch(), []
        batch.frame = whole.select(*named).rename(named)
        return batch

    def _close(self) -> None:
        if self._rows:
            rows = pl.DataFrame(self._rows, schema=self._schema, orient="row")
            self._parts.append(rows.with_columns(pl.all().replace("", None)))
            self._rows = []


def _careful(table: _Table, lines: Lines, line: int, data: bytes) -> None:
    """Take one line that may hold anything."""
    text = _text(table.batch, line, data)
    if text is None:
        return
    cells: list[str] | None = text.split(table.separator)
    if '"' in text:
        cells, text = _quoted(text, table.separator, len(table.names), lines)
    if cells is None:
        fix = 'close it, and write a quote inside a quoted cell as ""'
        table.batch.rejects.append(Reject(line, "", "", "a quote is not closed", fix, text))
    else:
        table.row(line, text, cells)


def _header(path: Path, first: bytes) -> tuple[list[str], str]:
    problem = "Its first line should name the columns, such as member,kind,at."
    try:
        text = first.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(f"{path} is not text in UTF-8.", problem) from None
    if "\x00" in text or len(first) > LONGEST_LINE:
        raise Refusal(f"{path} is neither CSV nor NDJSON.", problem)
    separator = max(",;\t|", key=text.count)
    names = [name.strip() for name in next(csv.reader([text], delimiter=separator))]
    if not any(names) or len(names) > MOST_COLUMNS:
        raise Refusal(f"{path} has {len(names)} columns.", f"At most {MOST_COLUMNS}. {problem}")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise Refusal(f"{path} has two columns {twice[0]!r}.", "Rename or remove one of them.")
    return names, separator


def _quoted(text: str, separator: str, count: int, lines: Lines) -> tuple[list[str] | None, str]:
    """The cells of a row with quotes, and its text. None: a quote is never closed.

    A cell may go over several lines; they are taken only if the row then has as many cells as it should.
    """
    if not _open(text, separator):
        return next(csv.reader([text], delimiter=separator)), text
    taken: list[tuple[int, bytes]] = []
    whole = text
    while len(taken) < _JOINED_LINES and len(whole) < LONGEST_LINE:
        number, data = next(lines, (0, b""))
        if not number:
            break
        taken.append((number, data))
        more = data.decode("utf-8", "replace")
        if "\ufffd" in more or (not more.isprintable() and "\t" not in more):
            break
        whole += "\n" + more
        if not _open(whole, separator):
            cells = next(csv.reader([whole], delimiter=separator))
            if len(cells) == count:
                return cells, whole
            break
    lines.back(taken)
    return None, text


def _open(text: str, separator: str) -> bool:
    """Whether a quoted cell is left open at the end of a line."""
    inside, start = False, True
    length, place = len(text), 0
    while place < length:
        letter = text[place]
        if inside:
            if letter == '"':
                if place + 1 < length and text[place + 1] == '"':
                    place += 1
                else:
                    inside = False
        elif letter == '"' and start:
            inside = True
        start = not inside and letter == separator
        place += 1
    return inside


def _text(batch: Batch, line: int, data: bytes) -> str | None:
    """A line as text; None when it was rejected."""
    if len(data) > LONGEST_LINE:
        batch.rejects.append(
            Reject(line, "", "", f"the line is longer than {LONGEST_LINE} bytes", "shorten it", _shown(data[:200]))
        )
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"byte {error.start + 1} of the line is not UTF-8"
        batch.rejects.append(Reject(line, "", "", reason, "save the file as UTF-8", _shown(data)))
        return None
    if "\x00" in text or "\x1f" in text or JOIN in text:
        batch.rejects.append(Reject(line, "", "", "the line holds a control character", "remove it", _shown(data)))
        return None
    return text


def _shown(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    return "".join(letter if letter >= " " or letter == "\t" else "�" for letter in text)


# ------------------------------------------------------------------------------------------------------------- NDJSON
def _objects(lines: Lines, size: int) -> Iterator[Batch]:
    batch = Batch()
    rows: list[dict[str, str | None]] = []
    for line, data in lines:
        if not data.strip():
            continue
        text = _text(batch, line, data)
        row = None if text is None else _object(batch, line, text)
        if text is not None and row is not None:
            rows.append(row)
            batch.lines.append(line)
            batch.raw.append(text)
        if batch.size >= size:
            yield _gathered(batch, rows)
            batch, rows = Batch(), []
    if rows or batch.rejects:
        yield _gathered(batch, rows)


def _gathered(batch: Batch, rows: list[dict[str, str | None]]) -> Batch:
    names = sorted({name for row in rows for name in row})
    columns = {name: [row.get(name) for row in rows] for name in names}
    batch.frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    return batch


def _object(batch: Batch, line: int, text: str) -> dict[str, str | None] | None:
    """A line of NDJSON as names and texts; None when it was rejected."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        batch.rejects.append(Reject(line, "", "", f"the line is not JSON: {error.msg}", "one object a line", text))
        return None
    if not isinstance(found, dict) or len(found) > MOST_COLUMNS:
        batch.rejects.append(
            Reject(line, "", "", "the line is not an object", 'such as {"member": "m1", "kind": "posted"}', text)
        )
        return None
    row: dict[str, str | None] = {}
    for name, value in found.items():
        told = _told(value)
        if told is None and value is not None:
            reason = "a nested value cannot be a field"
            batch.rejects.append(
                Reject(line, name, str(value)[:200], reason, "a text, number, truth or list of texts", text)
            )
            return None
        if told is not None and ("\x00" in told or "\x1f" in told):
            batch.rejects.append(
                Reject(line, name, told[:200], "the value holds a control character", "remove it", text)
            )
            return None
        row[name.strip()] = told or None
    return row


def _told(value: object) -> str | None:
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list() if all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in value):
            return JOIN.join(str(item) for item in value) + JOIN
        case _:
            return None
