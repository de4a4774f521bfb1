"""Walk: does what a page of the guide says, in a fresh folder with real servers, and compares what is shown.

What a page may hold, as fenced blocks:

- ```console: commands (`$ …`) and what they show. After the word may stand `exit=3`, the exit code of the last
  command, `until="text"`: the last command is given again until it shows that, and `beside`: it goes on beside
  the others until the walk is over, as in a second terminal.
- ```yaml file=specs/mine/community.yaml (or csv, text): a file that is written with this content.

In what is shown, `…` stands for anything: the rest of a line, something within it, or, alone on a line, lines.
Times of day, seconds and runs of blanks are not compared. Dates, in figures and in words, are those of the day that
the page names in its first line; on another day everything moves along, and the year and the quarter of that day are
those of the page's. A hash may be another one, if it is the same one everywhere.
"""

import calendar
import functools
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.waiting import patiently

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"
SPECS = ROOT / "specs"
ZONE = ZoneInfo("Asia/Shanghai")  # of the communities that are walked through
REFUSALS = 20  # times that a command may leave with another code before what is waited for has come
PATIENCE = 600.0  # seconds until something that is waited for must have come

_FENCE = re.compile(r"^```(?P<kind>\w+)(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_DAY = re.compile(r"\A<!-- walked on (\d{4}-\d{2}-\d{2}) -->")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:\b|(?=T\d))")
_MONTHS = calendar.month_name[1:]
_TIME = re.compile(
    rf"{_DATE.pattern}|\b\d{{1,2}} (?:{'|'.join(_MONTHS)}) \d{{4}}\b|\d{{4}}年\d{{1,2}}月\d{{1,2}}日"
    r"|(?<![\w.,/#-])\d{4}(?:-Q[1-4])?(?![\w./-]|,\d)"
)  # a date in figures or in words, a year or a quarter
_HASH = re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}\b")
_FOR_BASH = re.compile(r"[|&;<>*$]|\n")  # what only a shell understands
_VAGUE = (
    (re.compile(r"(?<![\d:])\d{1,2}:\d{2}(:\d{2})?\b"), "hh:mm"),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "n s"),
    (re.compile(r"[─┼━]+"), "─"),
    (re.compile(r"\s+"), " "),
)


class Astray(AssertionError):
    """A walk did not go as its page says."""


@dataclass
class Command:
    """One command of a page with what it shows there."""

    line: str
    shown: list[str] = field(default_factory=list)


@dataclass
class Block:
    """One fenced block that is walked: where it and its content stand in the page, and what it says."""

    opens: int
    start: int
    end: int
    kind: str
    info: dict[str, str]
    body: str

    @property
    def commands(self) -> list[Command]:
        """The commands of a console block."""
        found: list[Command] = []
        for line in self.body.splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:]))
            elif found and found[-1].line.endswith("\\") and not found[-1].shown:
                found[-1].line += "\n" + line
            elif found:
                found[-1].shown.append(line)
            elif line.strip():
                raise Astray(f"a console block begins with what is no command: {line}")
        return found


@dataclass
class Page:
    """A page of the guide."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "Page":
        """The page in this file."""
        return cls(path, path.read_text("utf-8"))

    @property
    def day(self) -> date:
        """The day that its dates were written on."""
        said = _DAY.match(self.text)
        if said is None:
            raise Astray(f"{self.path.name} does not begin with <!-- walked on YYYY-MM-DD -->")
        return date.fromisoformat(said[1])

    @property
    def blocks(self) -> list[Block]:
        """What is walked, in order."""
        found = []
        for fence in _FENCE.finditer(self.text):
            info = {}
            for word in shlex.split(fence["info"]):
                name, _, value = word.partition("=")
                info[name] = value
            if fence["kind"] == "console" or "file" in info:
                found.append(
                    Block(fence.start(), fence.start("body"), fence.end("body"), fence["kind"], info, fence["body"])
                )
        return found

    @property
    def inputs(self) -> list[tuple[str, object]]:
        """What is typed and written, without what is shown."""
        return [
            ("console", [command.line for command in block.commands])
            if block.kind == "console"
            else (block.info["file"], block.body)
            for block in self.blocks
        ]


@functools.cache
def _forks() -> ForkServerContext:
    """Processes that begin with everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.guide.warm"])
    return context


def command(arguments: list[str], folder: str, environment: dict[str, str], heard: str) -> None:
    """Run `trellis` in this process, which was made for it, and write what it says to a file."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    into = os.open(heard, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(into, stream)
    from cli.main import main

    main(arguments)


def pages(language: str) -> list[Path]:
    """The pages of a language that are walks, in order."""
    return sorted((GUIDE / language).glob("[0-9][0-9]-*.md"))


class Walk:
    """One page, done from the first command to the last.

    Args:
        page: what is done.
        write: put what is really shown into the page's text where it differs, instead of going astray.
    """

    def __init__(self, page: Page, *, write: bool = False) -> None:
        self.page, self.write = page, write
        self.today = datetime.now(ZONE).date()
        self.folder = Path(tempfile.mkdtemp(prefix="tr-"))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TRELLIS_", "TEMPORAL_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "LOGNAME": "lin",
            "USER": "lin",
        }
        for name in ("DATABASE_URL", "PYTHONDONTWRITEBYTECODE"):
            self.environment.pop(name, None)
        self._hashes: dict[str, str] = {}
        self._beside: list[subprocess.Popen[bytes]] = []

    def go(self) -> str:
        """Do it all; returns the text of the page, with what was really shown if that is to be written."""
        try:
            shutil.copytree(SPECS, self.folder / "specs")
            return self._go()
        finally:
            for process in self._beside:
                process.send_signal(signal.SIGINT)
            for process in self._beside:
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _go(self) -> str:
        text, written = self.page.text, 0
        pieces = []
        for block in self.page.blocks:
            body = block.body
            if block.kind == "console":
                body = "".join(self._lines(block))
            else:
                file = self.folder / block.info["file"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(self._there(block.body), "utf-8")
            pieces.append(text[written : block.start] + body)
            written = block.end
        return "".join(pieces) + text[written:]

    def _lines(self, block: Block) -> Iterator[str]:
        commands = block.commands
        for number, command in enumerate(commands):
            last = number == len(commands) - 1
            code = int(block.info.get("exit", "0")) if last else 0
            until = block.info.get("until") if last else None
            shown = self._shown(command.line, code, until, beside="beside" in block.info)
            line_of = f"$ {command.line}\n"
            wrong = self._differs(command.shown, shown)
            if wrong and not self.write:
                told = "\n".join(shown)
                raise Astray(f"{self.page.path.name}: $ {command.line}\n{wrong}\nIt shows:\n{told}")
            if self.write and not wrong:
                shown = [line.rstrip() for line in command.shown]
            yield line_of + "".join(f"{line}\n" for line in shown)
            if not last and shown:
                yield "\n" if self.write and (not command.shown or command.shown[-1].strip()) else ""

    def _shown(self, line: str, code: int, until: str | None, *, beside: bool) -> list[str]:
        line = self._there(line)
        if beside:
            return self._here(self._begin(line, until or ""))
        left, said, refusals = 0, "", 0

        def settled() -> bool:
            """Shown as it should be, or never going to be: refused again and again."""
            nonlocal left, said, refusals
            left, said = self._run(line)
            refusals += left not in (0, code)
            return until is None or refusals > REFUSALS or (until in said and left == code)

        patiently(settled, PATIENCE, pause=1)
        if left == code and (until is None or until in said):
            return self._here(said)
        for log in sorted((self.folder / ".trellis" / "log").glob("errors.log")):
            said += "\n" + log.read_text("utf-8")[-3000:]
        astray = Astray(f"{self.page.path.name}: $ {line}\nleft with {left}:\n{said}")
        if not self.write:
            raise astray
        print(astray)
        return self._here(said)

    def _run(self, line: str) -> tuple[int, str]:
        """Run a line: `trellis` in a fork with all it imports, which saves a second each time; the rest by bash."""
        heard = self.folder / ".said.txt"
        if line.startswith("trellis ") and not _FOR_BASH.search(line):
            child = _forks().Process(
                target=command, args=(shlex.split(line)[1:], str(self.folder), self.environment, str(heard))
            )
            child.start()
            child.join()
            return child.exitcode or 0, heard.read_text("utf-8")
        with heard.open("wb") as into:
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=self.folder,
                env=self.environment,
                stdout=into,
                stderr=subprocess.STDOUT,
                check=False,
            )
        return done.returncode, heard.read_text("utf-8")

    def _begin(self, line: str, until: str) -> str:
        """Begin something that goes on beside the rest; returns what it says until it has said this."""
        heard = self.folder / f"beside-{len(self._beside)}.txt"
        with heard.open("wb") as into:
            process = subprocess.Popen(
                shlex.split(line), cwd=self.folder, env=self.environment, stdout=into, stderr=subprocess.STDOUT
            )
        self._beside.append(process)
        patiently(lambda: until in heard.read_text("utf-8") or process.poll() is not None, PATIENCE, pause=0.2)
        if until not in (said := heard.read_text("utf-8")):
            raise Astray(f"{self.page.path.name}: $ {line}\ndoes not come to say {until}:\n{said}")
        return said

    def _there(self, text: str) -> str:
        """What stands in the page, with the dates of today and the hashes of this walk."""
        text = _HASH.sub(lambda found: self._real(found[0]), text)
        return _DATE.sub(lambda found: _moved(found[0], self.today - self.page.day), text)

    def _real(self, hash_: str) -> str:
        for page, real in self._hashes.items():
            if page.startswith(hash_):
                return real[: len(hash_)]
        return hash_

    def _here(self, text: str) -> list[str]:
        """What was shown, as it would have been on the page's day; empty lines at both ends are left out."""
        text = text.replace(str(self.folder), "~/trellis")
        text = as_on(self.page.day, text, today=self.today)
        return [line.rstrip() for line in text.strip("\n").splitlines() if line.strip()]

    def _differs(self, page: list[str], shown: list[str]) -> str:
        """In what the two differ; empty if in nothing that counts."""
        expected = [_vague(line) for line in page if line.strip()]
        actual = [_vague(line) for line in shown]
        at = _matches(expected, actual, self._hashes)
        return "" if at is None else f"does not show: {at}"


def _matches(expected: list[str], actual: list[str], hashes: dict[str, str]) -> str | None:
    """The first expected line that is not there; None if all are."""
    furthest = 0

    def fit(i: int, j: int) -> bool:
        nonlocal furthest
        furthest = max(furthest, i)
        if i == len(expected):
            return j == len(actual)
        if expected[i] == "…":
            return any(fit(i + 1, k) for k in range(j, len(actual) + 1))
        if j == len(actual):
            return False
        met = _fits(expected[i], actual[j])
        if met is None or not fit(i + 1, j + 1):
            return False
        hashes.update(met)
        return True

    if fit(0, 0):
        return None
    return expected[furthest] if furthest < len(expected) else "nothing more, but there is more"


def _fits(expected: str, actual: str) -> dict[str, str] | None:
    """The hashes that a line which fits has in the page and really; None if it does not fit."""
    pattern, named, at = "", [], 0
    for found in _HASH.finditer(expected):
        pattern += _open(expected[at : found.start()]) + r"([0-9a-f]{8,64})"
        named.append(found[0])
        at = found.end()
    met = re.fullmatch(pattern + _open(expected[at:]), actual)
    return None if met is None else dict(zip(named, met.groups(), strict=True))


def _open(text: str) -> str:
    return ".*?".join(re.escape(part) for part in text.split("…"))


def _vague(line: str) -> str:
    for what, stands in _VAGUE:
        line = what.sub(stands, line)
    return line.strip()


def as_on(day: date, text: str, *, today: date) -> str:
    """What was shown today as it would have been shown on another day: its dates, this year and this quarter."""
    periods = dict(zip(_periods(today), _periods(day), strict=True))
    return _TIME.sub(lambda found: periods.get(found[0]) or _moved(found[0], day - today), text)


def _periods(day: date) -> tuple[str, str]:
    """The year and the quarter of a day."""
    return f"{day.year}", f"{day.year}-Q{(day.month + 2) // 3}"


def _moved(day: str, by: timedelta) -> str:
    """A date so much later, spelled as it was; what is no date stays."""
    try:
        if "年" in day:
            then = date(*map(int, re.findall(r"\d+", day))) + by
            return f"{then.year}年{then.month}月{then.day}日"
        if " " in day:
            number, month, year = day.split()
            then = date(int(year), _MONTHS.index(month) + 1, int(number)) + by
            return f"{then.day} {_MONTHS[then.month - 1]} {then.year}"
        return (date.fromisoformat(day) + by).isoformat()
    except (ValueError, OverflowError):
        return day
