"""Solver: the one door to Z3. Questions and answers are SMT-LIB text, which every version of it understands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Literal

from rules.errors import RuleRefusal

Answer = Literal["sat", "unsat", "unknown"]
PATIENCE = 2000
"""Milliseconds for one question; after them the answer is `unknown`, which is said and never taken for a no."""

_TOKEN = re.compile(r"[()]|\|[^|]*\||[^\s()]+")


class NoSolver(RuleRefusal):
    """Z3 is not installed, so nothing can be proved."""


class SolverError(RuntimeError):
    """Z3 refused a question: a mistake in how it was asked."""


class Solver:
    """One conversation with Z3: what is declared and asserted stays, what is asked does not.

    Args:
        cores: whether the unsatisfiable part of a question will be asked for.

    Raises:
        NoSolver: the package z3-solver is not installed.
    """

    def __init__(self, *, cores: bool = False, patience: int = PATIENCE) -> None:
        try:
            self._z3: Any = import_module("z3")
        except ImportError:
            raise NoSolver("the solver Z3 is not installed", "pip install z3-solver, or run make install") from None
        self._context = self._z3.Context()
        self._pending: list[str] = [f"(set-option :timeout {patience})"]
        if cores:
            self._pending.insert(0, "(set-option :produce-unsat-assumptions true)")
        self.asked = 0

    def declare(self, name: str, sort: str) -> None:
        """Introduce a constant."""
        self._pending.append(f"(declare-const {name} {sort})")

    def define(self, name: str, sort: str, term: str) -> None:
        """Give a term a name."""
        self._pending.append(f"(define-fun {name} () {sort} {term})")

    def require(self, term: str) -> None:
        """Assert something for good."""
        if term != "true":
            self._pending.append(f"(assert {term})")

    def check(self, terms: Iterable[str]) -> Answer:
        """Whether these can be true together, with everything required."""
        asserted = "".join(f"(assert {term})" for term in terms if term != "true")
        return self._answer(self._say(f"(push){asserted}(check-sat)(pop)"))

    def settle(
        self, terms: Iterable[str], choices: Iterable[Sequence[str]], values: Sequence[str]
    ) -> tuple[Answer, Mapping[str, int | bool]]:
        """As `check`; where they can, the values of some constants in one such world, made as plain as can be.

        Args:
            terms: what must hold.
            choices: for one thing after the other, what is tried for it, the plainest first.
            values: the constants that are asked for.
        """
        asserted = "".join(f"(assert {term})" for term in terms if term != "true")
        answer = self._answer(self._say(f"(push){asserted}(check-sat)"))
        found: Mapping[str, int | bool] = {}
        if answer == "sat":
            for options in choices:
                for option in options:
                    if self._answer(self._say(f"(push)(assert {option})(check-sat)(pop)")) == "sat":
                        self._say(f"(assert {option})")
                        break
            if values and self._answer(self._say("(check-sat)")) == "sat":
                found = _values(self._say(f"(get-value ({' '.join(values)}))"))
        self._say("(pop)")
        return answer, found

    def together(self, assumptions: Sequence[str]) -> tuple[Answer, tuple[str, ...]]:
        """Whether Boolean constants can be true together; where not, some that already cannot."""
        answer = self._answer(self._say(f"(check-sat-assuming ({' '.join(assumptions)}))"))
        if answer != "unsat":
            return answer, ()
        return answer, tuple(_TOKEN.findall(self._say("(get-unsat-assumptions)"))[1:-1])

    def _say(self, text: str) -> str:
        self.asked += 1
        whole = "\n".join((*self._pending, text))
        self._pending.clear()
        try:
            answer: str = self._z3.Z3_eval_smtlib2_string(self._context.ref(), whole)
        except Exception as problem:
            raise SolverError(f"Z3: {problem}") from problem
        if "(error" in answer:
            raise SolverError(f"Z3: {answer.strip()}")
        return answer

    @staticmethod
    def _answer(said: str) -> Answer:
        match said.strip():
            case "sat":
                return "sat"
            case "unsat":
                return "unsat"
            case _:
                return "unknown"


def _values(text: str) -> dict[str, int | bool]:
    """The pairs of a `get-value`: name to whole number or truth."""
    tokens = _TOKEN.findall(text)
    found: dict[str, int | bool] = {}
    at = 1
    while at < len(tokens) - 1:
        name, value = tokens[at + 1], tokens[at + 2]
        if value == "(":  # (name (- 5))
            found[name] = -int(tokens[at + 4])
            at += 7
        else:
            found[name] = value == "true" if value in ("true", "false") else int(value)
            at += 4
    return found
