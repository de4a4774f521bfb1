"""Console: what a command shows to people, and the same as data to programs.

A command makes one `Output` and says everything through it. Without `--json` people see sentences,
tables and progress; with `--json` standard output carries exactly one JSON document, sorted by key,
and everything else stays silent. Complaints go to standard error in both cases.

Exit codes: `FINE` 0, `FAILED` 1 (the tool), `INVALID` 2 (the input), `FINDINGS` 3 (differences,
findings or failing cases).
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rich.console import Console

FINE = 0
FAILED = 1
INVALID = 2
FINDINGS = 3

_ENDLESS = 1_000_000  # characters in a line that nothing folds
_WORD = re.compile(r"[^\s\u2e80-\uffff]+|[\u2e80-\uffff]")  # between two Chinese characters a line may end


class Step(Protocol):
    """One piece of work whose progress is being shown."""

    def advance(self, by: int = 1) -> None:
        """Say that `by` more units are done."""

    def expect(self, total: int) -> None:
        """Say how many units there are in all, once it is known."""

    def note(self, text: str) -> None:
        """Say in a few words what is being done now."""


class Silent:
    """Progress that nobody looks at."""

    def advance(self, by: int = 1) -> None:
        """Show nothing."""

    def expect(self, total: int) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""


class Output:
    """Everything a command says.

    Args:
        json: whether a program is reading: only `data` is printed then.
        width: characters in a line of the terminal; without it the terminal is asked. Where there is none (a file, a
            pipe) lines are as long as they need to be.
    """

    def __init__(self, json: bool = False, width: int | None = None) -> None:
        self.json = json
        self._width = width
        self._people: Console | None = None

    def say(self, text: str = "") -> None:
        """Print one line for people; plain text, no markup."""
        if not self.json:
            self._console().print(text, markup=False, highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print one line to standard error, also beside `--json`."""
        print(text, file=sys.stderr)

    def table(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()
    ) -> None:
        """Print a table for people. What is narrow is folded between words; no word (an id, a date) is cut in two.

        Where not even that fits, each row is a paragraph with a line for each of its cells.

        Args:
            title: printed above; may be empty.
            columns: the headings.
            rows: cells in the order of the headings; `None` is shown as nothing. Without rows it says "none".
            right: headings whose column is aligned to the right (numbers).
        """
        if self.json:
            return
        lines = [["" if cell is None else _cell(cell) for cell in row] for row in rows]
        if title:  # beside the table and not within it, so that a narrow table does not fold it
            self._console().print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
        if not lines:
            self._console().print("  none", markup=False, highlight=False)
            return
        widths = _widths([columns, *lines], self._console().width)
        if widths is None:
            self._paragraphs(columns, lines)
            return
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        to_the_right = frozenset(right)
        table = Table(box=SIMPLE_HEAD)
        for column, width in zip(columns, widths, strict=True):
            justify: Literal["left", "right"] = "right" if column in to_the_right else "left"
            table.add_column(column, justify=justify, width=width, overflow="fold")
        for row in lines:
            table.add_row(*map(Text, row))
        self._console().print(table)

    def _paragraphs(self, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
        wide = max(map(len, columns))
        for row in lines:
            self.say()
            for column, cell in zip(columns, row, strict=True):
                if cell:
                    self.say(f"  {column:<{wide}}   {cell}")

    def data(self, document: object) -> None:
        """Print the one JSON document of `--json`: keys sorted, times in UTC, sets sorted, decimals as text."""
        if self.json:
            sys.stdout.buffer.write(encode(document) + b"\n")
            sys.stdout.buffer.flush()

    @contextmanager
    def progress(self, label: str, total: int | None = None) -> Iterator[Step]:
        """Show how far one piece of work is; on a terminal as a bar, otherwise not at all.

        Args:
            label: what is being done.
            total: how many units there are, `None` when unknown.
        """
        if self.json or not sys.stderr.isatty():
            yield Silent()
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
        with bar:
            task = bar.add_task(label, total=total)

            class Bar:
                def advance(self, by: int = 1) -> None:
                    bar.advance(task, by)

                def expect(self, total: int) -> None:
                    bar.update(task, total=total)

                def note(self, text: str) -> None:
                    bar.update(task, description=f"{label}: {text}")

            yield Bar()

    def _console(self) -> "Console":
        if self._people is None:
            from rich.console import Console

            self._people = Console(width=self._width or (None if sys.stdout.isatty() else _ENDLESS))
        return self._people


def encode(document: object) -> bytes:
    """The document as JSON bytes, the same for the same content.

    Raises:
        TypeError: when something in it has no JSON form.
    """
    import orjson

    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(document, default=_plain, option=options)


def complain(message: str, hint: str = "", *, json: bool = False) -> None:
    """Say on standard error what is wrong, in one sentence and perhaps a way out; with `json` also as data."""
    print(f"trellis: {message}", file=sys.stderr)
    if hint:
        print(f"         {hint}", file=sys.stderr)
    if json:
        Output(json=True).data({"ok": False, "error": message, "hint": hint})


def _widths(lines: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """How wide each column of a table is so that it fits; None if words would have to be cut for that.

    Args:
        lines: all cells, the headings among them.
        room: characters in a line, with the three that go to each column and the one at the edge.
    """
    from rich.cells import cell_len

    columns = list(zip(*lines, strict=True))
    widths = [max((cell_len(line) for cell in cells for line in cell.split("\n")), default=0) for cells in columns]
    over = sum(widths) + 3 * len(widths) + 1 - room
    if over <= 0:
        return widths
    words = [max((cell_len(word) for cell in cells for word in _WORD.findall(cell)), default=0) for cells in columns]
    spare = [width - word for width, word in zip(widths, words, strict=True)]
    if over > sum(spare):
        return None
    for _ in range(over):
        spare[spare.index(max(spare))] -= 1
    return [word + left for word, left in zip(words, spare, strict=True)]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _plain(value: object) -> object:
    from decimal import Decimal
    from pathlib import PurePath

    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Decimal | PurePath):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
