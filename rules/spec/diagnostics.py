"""Diagnostics: one mistake in a spec, where it stands, what was expected and the way out.

`Problems` collects them while a community is read; every problem has a code of the register `CODES`,
and every code has a page in `docs/codes/`. Codes belong to the mistake, never to the wording:

    TRL1..  reading a file     TRL2..  structure of a document     TRL3..  across documents     TRL4..  what is proved
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from rules.spec.source import Path, Source

Severity = Literal["error", "warning"]

# The register: code -> what the mistake is, in a few words. A page in docs/codes/ explains each.
CODES: dict[str, str] = {
    # --- reading
    "TRL100": "there is nothing to read",
    "TRL101": "the file is not text in UTF-8",
    "TRL102": "too large",
    "TRL103": "the file is empty",
    "TRL104": "this is not YAML",
    "TRL105": "several documents in one file",
    "TRL106": "anchors, aliases and merges are not used",
    "TRL107": "tags are not used",
    "TRL108": "a key is written twice",
    "TRL109": "a key without a value",
    "TRL110": "yes, no, on and off are not true and false",
    "TRL111": "a number that must be quoted",
    "TRL112": "a date or time that must be quoted",
    "TRL113": "tabs are not used for indenting",
    "TRL114": "nested too deeply",
    "TRL115": "a text that must be quoted",
    "TRL116": "a key that is not a plain word",
    "TRL117": "a file that will not be read",
    # --- structure
    "TRL201": "which kind of document this is",
    "TRL202": "an unknown key",
    "TRL203": "something required is missing",
    "TRL204": "another shape is expected",
    "TRL205": "not one of the words that may stand here",
    "TRL206": "a value that is not spelled like one",
    "TRL207": "a number out of bounds",
    "TRL208": "too few or too many",
    "TRL209": "not a condition",
    "TRL210": "not an effect",
    "TRL211": "a metric says one way of computing it",
    "TRL212": "an unknown kind",
    "TRL213": "keys that do not go together",
    "TRL214": "a document that is missing or there twice",
    "TRL215": "the wrong way round",
    # --- across documents: names
    "TRL301": "a name that no condition can read",
    "TRL302": "a name about something else",
    "TRL303": "a reference to what is not there",
    "TRL304": "a result that does not exist at this point",
    "TRL305": "a reference of the wrong kind",
    "TRL306": "a comparison that cannot be asked",
    "TRL307": "a window on something without one",
    "TRL308": "a value of something not kept per value",
    "TRL309": "a value it can never have",
    "TRL310": "an unknown field",
    "TRL311": "a field that must be given",
    "TRL312": "two things of one name",
    "TRL313": "an unknown parameter",
    "TRL314": "a parameter that is never used",
    "TRL315": "an argument is missing",
    "TRL316": "an unknown argument",
    "TRL317": "an argument of the wrong type",
    "TRL318": "a parameter whose type does not fit where it is used",
    "TRL319": "one name for two things that conditions read",
    # --- across documents: flow
    "TRL320": "an outcome that never comes",
    "TRL321": "an outcome that leads nowhere",
    "TRL322": "a way to no phase",
    "TRL323": "a way back without a bound",
    "TRL324": "a bound on a way forward",
    "TRL325": "a phase that is never reached",
    "TRL327": "a repeat that never ends",
    "TRL328": "leave or stop outside of a body",
    "TRL329": "an answer that cannot be given",
    "TRL330": "a role that decides where staff may only see",
    "TRL331": "a word that is taken",
    "TRL332": "a while without a subject",
    # --- across documents: sums and sense
    "TRL340": "weights or shares that do not make 100",
    "TRL341": "budget lines that do not add up",
    "TRL344": "a fall that does not go down",
    "TRL345": "money without a budget, or in another currency",
    "TRL346": "a stage that no transition leads to",
    "TRL347": "a task for somebody else",
    "TRL348": "a task without the brief or goal its mode needs",
    "TRL349": "a task that cannot start by itself",
    "TRL350": "a time zone that does not exist",
    "TRL351": "something that is part of itself",
    "TRL352": "a day that the calendar does not cover",
    "TRL360": "a metric or field that lacks something",
    "TRL361": "a metric made of itself",
    "TRL362": "a metric of the wrong type",
    "TRL363": "a pack that is not there, or lacks what it reads",
    # --- across documents: cases
    "TRL371": "a reading that nobody reads",
    "TRL372": "a play that cannot go so",
    "TRL373": "somebody or something that is not in the play",
    "TRL374": "a move that is not possible in a phase",
    # --- what `trellis prove` finds: tiers
    "TRL400": "a tier that nobody can earn",
    "TRL401": "a tier that is earned today and lost from tomorrow on",
    "TRL402": "a keep that nobody can meet",
    "TRL403": "a keep that nobody can fall below",
    "TRL404": "members who lose a tier and earn it again, over and over",
    "TRL405": "a tier that is lost at the very line at which it is earned",
    "TRL406": "a ladder on which everybody is exempt",
    # --- stages
    "TRL410": "a transition that can never happen",
    "TRL411": "a transition that another one always forestalls",
    "TRL412": "members who go round the stages, over and over",
    # --- rules
    "TRL420": "a rule that can never fire",
    "TRL421": "a rule that fires for everybody",
    "TRL422": "a rule that adds nothing to another",
    "TRL423": "rules that fire together and disagree",
    # --- conditions anywhere
    "TRL430": "a condition that never holds",
    "TRL431": "a named condition that says nothing",
    "TRL432": "a metric that never counts anything",
    # --- modes and tasks
    "TRL440": "a phase that is never played",
    "TRL441": "a repeat that nothing ends",
    "TRL442": "tasks that start each other without end",
    # --- seats, prizes and budgets
    "TRL450": "more is promised than there is",
    "TRL451": "more is given away than the budget holds",
    "TRL452": "more people are asked for than there can be",
}


MOST = 1000  # problems noted of one community


class Place(NamedTuple):
    """Where something stands: file as given to `load`, line and column from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of a spec, ready to be shown."""

    code: str  # stable, of the register CODES
    severity: Severity
    file: str
    line: int  # from 1
    column: int  # from 1, in characters
    message: str  # what is wrong, one sentence
    hint: str = ""  # what was expected, the way out
    frame: str = ""  # the lines around it, with a marker

    def as_json(self) -> dict[str, str | int]:
        """The contracted shape of `trellis check --json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "hint": self.hint,
        }


class Problems:
    """All problems found so far; adding one never raises."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._found: dict[tuple[Place, str], Diagnostic] = {}

    def __len__(self) -> int:
        return len(self._found)

    def text(self, file: str, lines: list[str]) -> None:
        """Remember the lines of a file, for the frames."""
        self._texts[file] = lines

    def add(
        self,
        code: str,
        source: Source,
        path: Path,
        message: str,
        hint: str = "",
        *,
        on: Literal["key", "value"] = "value",
        severity: Severity = "error",
    ) -> None:
        """Say that something is wrong at a path of a document, such as ("phases", 2, "go", "short").

        `on="key"` points at the key itself (a misspelt name), `on="value"` at what it holds. Where the path
        leads nowhere, the nearest thing around it is pointed at.
        """
        place = source.key_place(path) if on == "key" else source.value_place(path)
        self.at(code, place, message, hint, severity=severity)

    def at(self, code: str, place: Place, message: str, hint: str = "", *, severity: Severity = "error") -> None:
        """Say that something is wrong at a place. The same mistake at the same place counts once."""
        if code not in CODES:
            raise KeyError(f"{code} is not in the register of codes")
        message, hint = _short(message, 400), _short(hint, 600)
        key = (place, message)
        if key not in self._found and not self.full:
            frame = code_frame(self._texts.get(place.file, []), place)
            self._found[key] = Diagnostic(code, severity, *place, message, hint, frame)

    @property
    def full(self) -> bool:
        """Whether so many were found that nobody reads more; further ones are not noted."""
        return len(self._found) >= MOST

    def has_at(self, place: Place, codes: str = "") -> bool:
        """Whether something was already said about this very place, with a code that begins so."""
        return any(found == place and d.code.startswith(codes) for (found, _), d in self._found.items())

    def found(self) -> tuple[Diagnostic, ...]:
        """All of them, by file, line and column."""
        return tuple(sorted(self._found.values(), key=lambda d: (d.file, d.line, d.column, d.code, d.message)))

    @property
    def any_error(self) -> bool:
        return any(d.severity == "error" for d in self._found.values())


def code_frame(lines: list[str], place: Place, width: int = 110) -> str:
    """The line of a place and the one before it, with a marker under the column."""
    if not 1 <= place.line <= len(lines):
        return ""
    digits = len(str(place.line))
    out = []
    if place.line > 1 and lines[place.line - 2].strip():
        out.append(f"{place.line - 1:>{digits}} | {_short(lines[place.line - 2], width)}")
    line = lines[place.line - 1].replace("\t", " ")
    start = max(0, place.column - width + 20)
    shown = ("…" if start else "") + line[start : start + width] + ("…" if len(line) > start + width else "")
    out.append(f"{place.line:>{digits}} | {shown}")
    indent = columns(line[start : place.column - 1]) + (1 if start else 0)
    out.append(f"{'':>{digits}} | {' ' * indent}^")
    return "\n".join(out)


def columns(text: str) -> int:
    """How many cells of a terminal a text takes: Chinese characters take two."""
    return sum(2 if c >= "\u1100" and _wide(c) else 1 for c in text)


def _wide(c: str) -> bool:
    return (
        "\u2e80" <= c <= "\ua4cf" or "\uac00" <= c <= "\ud7a3" or "\uf900" <= c <= "\ufaff" or "\uff00" <= c <= "\uff60"
    )


def _short(line: str, width: int) -> str:
    return line if len(line) <= width else line[:width] + "…"


# ------------------------------------------------------------------------------------------------ did you mean
def close(a: str, b: str) -> bool:
    """Whether two words are at most one edit apart; a swap of neighbours counts as one."""
    if abs(len(a) - len(b)) > 1:
        return False
    shorter, begin, end = min(len(a), len(b)), 0, 0
    while begin < shorter and a[begin] == b[begin]:
        begin += 1
    while end < shorter - begin and a[-1 - end] == b[-1 - end]:
        end += 1
    one, other = a[begin : len(a) - end], b[begin : len(b) - end]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


def alike(word: str, known: Iterable[str], *, preferred: Collection[str] = ()) -> list[str]:
    """The known words that may have been meant, likeliest first.

    All that are one edit away (a swap of neighbours is one edit), `preferred` ones first; if there are none, the
    one much like it. More than one means that it cannot be told which.
    """
    small, words = word.lower(), list(known)
    near = [k for k in words if close(small, k)]
    if near:
        letters = sorted(small)
        return sorted(near, key=lambda k: (k not in preferred, sorted(k) != letters, -_same_ends(small, k), k))
    like = [(k not in preferred, -likeness, k) for k in words if (likeness := _likeness(small, k)) >= 0.75]
    return [k for _, _, k in sorted(like)[:1]]


def _likeness(word: str, known: str) -> float:
    """How much two longer words are alike, from 0 to 1."""
    if min(len(word), len(known)) < 4 or abs(len(word) - len(known)) > 4:
        return 0.0
    return difflib.SequenceMatcher(None, word, known).ratio()


def nearest(word: str, known: Iterable[str], *, preferred: Collection[str] = ()) -> str | None:
    """The known word that was surely meant, or None."""
    return next(iter(alike(word, known, preferred=preferred)), None)


def _same_ends(a: str, b: str) -> int:
    return (a[:1] == b[:1]) + (a[-1:] == b[-1:])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint for a misspelt word: "did you mean 'x'?", or the words there are, or nothing."""
    words = list(dict.fromkeys(known))
    near = alike(word, words)
    if near:
        return asked(near)
    return f"known: {listed(words)}" if words else ""


def asked(words: Iterable[str]) -> str:
    """ "did you mean 'a' or 'b'?" """
    return f"did you mean {' or '.join(repr(w) for w in words)}?"


def listed(words: Iterable[str], most: int = 12) -> str:
    """Words in a row, the first so many."""
    every = list(words)
    return ", ".join(every[:most]) + (f", … ({len(every)} in all)" if len(every) > most else "")
