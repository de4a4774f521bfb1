"""Console: what a command shows to people, and the same as data to programs.

A command makes one `Output` and says everything through it. Without `--json` people see sentences,
tables and progress; with `--json` standard output carries exactly one JSON document, sorted by key,
and everything else stays silent. Complaints go to standard error in both cases.

Exit codes: `FINE` 0, `FAILED` 1 (the tool), `INVALID` 2 (the input), `FINDINGS` 3 (differences,
findings or failing cases).
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console

FINE = 0
FAILED = 1
INVALID = 2
FINDINGS = 3


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
    """

    def __init__(self, json: bool = False) -> None:
        self.json = json
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
        """Print a table for people.

        Args:
            title: printed above; may be empty.
            columns: the headings.
            rows: cells in the order of the headings; `None` is shown as nothing. Without rows it says "none".
            right: headings whose column is aligned to the right (numbers).
        """
        if self.json:
            return
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        lines = list(rows)
        if title:  # beside the table and not within it, so that a narrow table does not fold it
            self._console().print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
        if not lines:
            self._console().print("  none", markup=False, highlight=False)
            return
        to_the_right = frozenset(right)
        table = Table(box=SIMPLE_HEAD)
        for column in columns:
            table.add_column(column, justify="right" if column in to_the_right else "left", overflow="fold")
        for row in lines:
            table.add_row(*(Text("" if cell is None else _cell(cell)) for cell in row))
        self._console().print(table)

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

            width = None if sys.stdout.isatty() else 160
            self._people = Console(width=width)
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
