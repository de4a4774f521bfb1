"""World: what made-up subjects are made of. Every attribute and reading is a value that may be unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rules.proof.solver import Solver
from rules.proof.terms import FALSE, TRUE, at_least, at_most, both, either, equal, implies, no
from rules.reading import Reading
from rules.spec.diagnostics import Place
from rules.values import LARGEST, Value, ValueType

_PLAIN = re.compile(r"[^A-Za-z0-9 _@.:,\[\]-]")  # what a name of the solver must not hold


@dataclass(frozen=True, slots=True)
class Law:
    """What holds of every subject, and why.

    Args:
        term: as the solver reads it.
        why: for people.
        place: where it is written, if it is.
    """

    term: str
    why: str
    place: Place | None = None


@dataclass(slots=True)
class Var:
    """A value that may be unknown.

    Args:
        label: which, for people and for the solver.
        type: what it holds.
        known: whether it is known, as a term.
        value: as a term: a scaled number, a rank, a code of a text, or a truth.
        parts: of a set or a text: what was asked of it (`has:x`, `starts:x`, `contains:x`) as truths.
        texts: of a text: the ones it is compared with.
        given: what it is, if that is given.
        surely: of a set that is known: what it surely has.
    """

    label: str
    type: ValueType
    known: str
    value: str
    parts: dict[str, str] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    given: Value | None = None
    surely: frozenset[str] = frozenset()


class World:
    """What all made-up subjects share: the solver, the words that were met, and the laws that hold.

    Args:
        solver: to talk to.
    """

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.laws: list[Law] = []
        self.lines: list[tuple[str, str, str]] = []  # what was declared and defined: name, sort, term or nothing
        self.codes: dict[str, int] = {}
        self._spelt: dict[int, str] = {}
        self._names = 0

    # ---------------------------------------------------------------------------------------------------------- making
    def constant(self, label: str, sort: str) -> str:
        """A new constant of the solver."""
        self._names += 1
        name = f"|{self._names} {_PLAIN.sub('?', label)}|"
        self.solver.declare(name, sort)
        self.lines.append((name, sort, ""))
        return name

    def named(self, label: str, term: str, sort: str = "Bool") -> str:
        """A name for a term, so that it is written once."""
        if len(term) < 40:
            return term
        self._names += 1
        name = f"|{self._names} {_PLAIN.sub('?', label)}|"
        self.solver.define(name, sort, term)
        self.lines.append((name, sort, term))
        return name

    def law(self, term: str, why: str, place: Place | None = None) -> None:
        """Something that holds of everybody."""
        if term != TRUE:
            self.laws.append(Law(term, why, place))
            self.solver.require(term)

    def variable(self, label: str, type_: ValueType, *, always: bool = False) -> Var:
        """A new value; `always`: it is never unknown."""
        known = TRUE if always else self.constant(f"{label} known", "Bool")
        if type_.kind == "set":
            return Var(label, type_, known, "")
        value = self.constant(label, "Bool" if type_.kind == "boolean" else "Int")
        made = Var(label, type_, known, value)
        match type_.kind:
            case "boolean":
                pass
            case "tier":
                self.law(both((at_least(value, 0), at_most(value, len(type_.listed) - 1))), f"{label} is a tier")
            case "text" | "member":
                self.law(at_least(value, 0), f"{label} is a text")
                if type_.listed:
                    self.only(made, type_.listed, f"{label} is one of {', '.join(type_.listed)}")
            case _:
                self.law(both((at_least(value, -LARGEST), at_most(value, LARGEST))), f"{label} is a number in bounds")
        return made

    def only(self, var: Var, texts: tuple[str, ...], why: str, place: Place | None = None) -> None:
        """A text is one of these."""
        var.texts.update(texts)
        self.law(either(equal(var.value, self.code(text)) for text in texts), why, place)

    def fixed(self, label: str, type_: ValueType, value: Value | None) -> Var:
        """A value that is given: a number, a truth, a text or a tier; None is unknown."""
        if value is None:
            return Var(label, type_, FALSE, FALSE if type_.kind == "boolean" else "0")
        if isinstance(value, frozenset):
            return Var(label, type_, TRUE, "", given=value)
        if type_.kind == "tier":
            term = str(type_.rank(str(value)))
        elif isinstance(value, bool):
            term = TRUE if value else FALSE
        elif isinstance(value, str):
            term = str(self.code(value))
        else:
            assert isinstance(value, int)
            term = str(value) if value >= 0 else f"(- {-value})"
        made = Var(label, type_, TRUE, term, given=value)
        if isinstance(value, str) and type_.kind != "tier":
            made.texts.add(value)
        return made

    # ----------------------------------------------------------------------------------------------------------- words
    def code(self, text: str) -> int:
        """The number that stands for a text, the same everywhere."""
        if text not in self.codes:
            self.codes[text] = len(self.codes) + 1
            self._spelt[self.codes[text]] = text
        return self.codes[text]

    def says(self, var: Var, text: str) -> str:
        """That a text is this one."""
        if isinstance(var.given, str):
            return TRUE if var.given == text else FALSE
        if text not in var.texts:
            var.texts.add(text)
            for asked, truth in var.parts.items():
                self.law(
                    implies(equal(var.value, self.code(text)), truth if _fits(asked, text) else no(truth)),
                    f"'{text}' is spelt so",
                )
        return equal(var.value, self.code(text))

    def part(self, var: Var, asked: str) -> str:
        """That a set has an element (`has:x`), or a text begins with or contains another."""
        if asked in var.parts:
            return var.parts[asked]
        word, _, text = asked.partition(":")
        if isinstance(var.given, frozenset):
            return TRUE if text in var.given else FALSE
        if isinstance(var.given, str):
            return TRUE if _fits(asked, var.given) else FALSE
        if text in var.surely:
            return TRUE
        if word == "has" and var.type.listed and text not in var.type.listed:
            return FALSE
        truth = self.constant(f"{var.label} {asked}", "Bool")
        for other, there in var.parts.items() if word != "has" else ():
            for one, first, two, second in ((asked, truth, other, there), (other, there, asked, truth)):
                if _entails(one, two):
                    self.law(implies(first, second), f"'{one}' says '{two}'")
            if _excludes(asked, other):
                self.law(no(both((truth, there))), f"'{asked}' and '{other}' exclude each other")
        var.parts[asked] = truth
        for spelt in var.texts if word != "has" else ():
            self.law(
                implies(equal(var.value, self.code(spelt)), truth if _fits(asked, spelt) else no(truth)),
                f"'{spelt}' is spelt so",
            )
        return truth

    # ---------------------------------------------------------------------------------------------------- reading back
    def asked_of(self, var: Var) -> Iterator[str]:
        """The constants whose values say what a variable is in one world."""
        for term in (var.known, var.value, *var.parts.values()):
            if term.startswith("|"):
                yield term

    def read(self, var: Var, model: Mapping[str, int | bool]) -> Value | None:
        """What a variable is in one world."""
        if not _truth(var.known, model):
            return None
        if var.given is not None:
            return var.given
        if var.type.kind == "set":
            return var.surely | {asked.partition(":")[2] for asked, term in var.parts.items() if _truth(term, model)}
        if var.type.kind == "boolean":
            return _truth(var.value, model)
        number = _number(var.value, model)
        if var.type.kind == "tier":
            return var.type.listed[number]
        if var.type.kind in ("text", "member"):
            spelt = self._spelt.get(number)
            if spelt is not None and (spelt in var.texts or not var.parts):
                return spelt
            return _spelt(var, model, number)
        return number


def _truth(term: str, model: Mapping[str, int | bool]) -> bool:
    return bool(model[term]) if term.startswith("|") else term == TRUE


def _number(term: str, model: Mapping[str, int | bool]) -> int:
    if term.startswith("|"):
        return int(model[term])
    return -int(term[3:-1]) if term.startswith("(") else int(term)


def _fits(asked: str, text: str) -> bool:
    word, _, wanted = asked.partition(":")
    return text.startswith(wanted) if word == "starts" else wanted in text


def _entails(one: str, two: str) -> bool:
    """Whether every text that fits the first also fits the second."""
    (word, _, text), (other, _, wanted) = one.partition(":"), two.partition(":")
    if other == "starts":
        return word == "starts" and text.startswith(wanted)
    return wanted in text


def _excludes(one: str, two: str) -> bool:
    (word, _, text), (other, _, wanted) = one.partition(":"), two.partition(":")
    return word == other == "starts" and not (text.startswith(wanted) or wanted.startswith(text))


def _spelt(var: Var, model: Mapping[str, int | bool], number: int) -> str:
    """A text that no condition names, and that fits what was found of it."""
    true = [asked.partition(":") for asked, term in var.parts.items() if _truth(term, model)]
    text = max((wanted for word, _, wanted in true if word == "starts"), key=len, default="")
    for _, _, wanted in true:
        if wanted not in text:
            text += wanted
    return text if text and text not in var.texts else f"{text}other-{number % 97}" if not text else f"{text}~"


def reading_label(reading: Reading) -> str:
    """A reading as people write it."""
    return f"{reading.name} over {reading.text}" if reading.text != "all" else reading.name
