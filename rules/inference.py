"""Inference: the only door to durable-rules, in the one narrow form in which it is safe.

One ruleset, one reused state, a guard in front of every rule, no negation, whole numbers only, one lock; what
durable-rules cannot hold is decided before it is asked. Every new ruleset is first built and tried in a process of
its own. A sample of what it says is compared with the reference evaluator; where they differ an alert is raised and
the reference decides. Where the engine cannot be loaded a compiled function of the same formulas takes its place.
"""

import hashlib
import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType, TracebackType
from typing import Any, Self

import orjson

from rules.compiled import Matching, compiled
from rules.condition import Condition, Truth
from rules.evaluate import truth
from rules.positive import (
    Both,
    Check,
    Either,
    Fields,
    Formula,
    branches,
    groups,
    name_of,
    paths,
    questions,
)
from rules.values import Evidence

try:
    import durable_rules_engine as _engine
except ImportError:  # Python 3.13 and newer, or no compiler at installation
    _engine = None

AVAILABLE = _engine is not None
"""Whether durable-rules can be loaded here."""

MOST_GROUPS = 12  # ands and ors in one rule; from 15 on the engine refuses
MOST_PATHS = 32  # reports of one rule for one subject
MOST_WAITING = 48  # comparisons that may wait at once in one ruleset; from 65 on the engine loses its place
TRIAL_SECONDS = 20.0
SAMPLE = 1024  # one in so many evaluations is compared with the reference

Alert = Callable[[str, Evidence], None]


def available() -> bool:
    """Whether durable-rules can be loaded here; otherwise a compiled Python function does its work."""
    return AVAILABLE


class Unsound(Exception):
    """A ruleset that did not come through its trial; nothing was loaded."""


class Engine:
    """The online path: one subject's evidence against all conditions at once.

    Args:
        conditions: by name.
        use_durable: False for the compiled function; None for durable-rules where it can be loaded.
        tried: the ruleset came through its trial before (in the process that handed it over).
        alert: told the name and the evidence when a sampled answer differs from the reference.
        sample: one in so many evaluations is compared; 0 for none.
        both: also tell surely false from unknown; without, only `surely` can be asked, at half the cost.

    Raises:
        Unsound: the ruleset did not come through its trial.
    """

    def __init__(
        self,
        conditions: Mapping[str, Condition],
        *,
        use_durable: bool | None = None,
        tried: bool = False,
        alert: Alert | None = None,
        sample: int = SAMPLE,
        both: bool = True,
    ) -> None:
        self._conditions = dict(conditions)
        fields = Fields()
        unique: dict[Formula, int] = {}
        self._true: dict[int, list[str]] = {}
        self._false: dict[int, list[str]] = {}
        for name, condition in self._conditions.items():
            true, false = questions(condition, fields)
            self._true.setdefault(unique.setdefault(true, len(unique)), []).append(name)
            if both:
                self._false.setdefault(unique.setdefault(false, len(unique)), []).append(name)
        self._both = both
        self.uses_durable = AVAILABLE if use_durable is None else use_durable
        self._matching: Matching
        self._closing: list[_Ruleset] = []
        if self.uses_durable:
            handled, rest = _split(list(unique))
            if rest:
                self._rest_places = [unique[formula] for formula in rest]
                self._rest: Matching | None = compiled(rest)
            else:
                self._rest_places, self._rest = [], None
            alone = len(handled) == 1
            self._closing = [_Ruleset(chunk, tried=tried, alone=alone and not rest) for chunk in handled]
            self._global = [[unique[formula] for formula in chunk] for chunk in handled]
            # one ruleset holds all formulas in their order: its answer is the answer
            self._matching = self._closing[0].matching if alone and not rest else self._durable
        else:
            self._matching = compiled(list(unique))
        self._project = fields.projection()
        self._alert = alert
        self._sample = sample
        self._count = 0

    # --------------------------------------------------------------------------------------------------------- asking
    def truths(self, evidence: Evidence) -> dict[str, Truth]:
        """How each condition comes out for one subject.

        Raises:
            RuntimeError: the engine was made without `both`.
        """
        if not self._both:
            raise RuntimeError("this engine only knows what is surely true")
        found: dict[str, Truth] = dict.fromkeys(self._conditions)
        for place in self._matching(self._project(evidence)):
            for name in self._true.get(place, ()):
                found[name] = True
            for name in self._false.get(place, ()):
                found[name] = False
        if self._is_sampled():
            for name, condition in self._conditions.items():
                meant = truth(condition, evidence)
                if found[name] is not meant:
                    found[name] = meant
                    self._differs(name, evidence)
        return found

    def surely(self, evidence: Evidence) -> set[str]:
        """The conditions that are surely true for one subject."""
        found: set[str] = set()
        for place in self._matching(self._project(evidence)):
            found.update(self._true.get(place, ()))
        if self._is_sampled():
            meant = {name for name, condition in self._conditions.items() if truth(condition, evidence) is True}
            for name in found ^ meant:
                self._differs(name, evidence)
            return meant
        return found

    def _durable(self, known: Mapping[str, int]) -> set[int]:
        matched: set[int] = set()
        for ruleset, places in zip(self._closing, self._global, strict=True):
            matched.update([places[place] for place in ruleset.matching(known)])
        if self._rest is not None:
            matched.update(self._rest_places[place] for place in self._rest(known))
        return matched

    def _is_sampled(self) -> bool:
        """One answer in `sample` is compared with the reference; where they differ the reference decides."""
        self._count += 1
        return self._sample > 0 and self._count % self._sample == 0

    def _differs(self, name: str, evidence: Evidence) -> None:
        if self._alert is not None:
            self._alert(name, evidence)

    # -------------------------------------------------------------------------------------------------------- closing
    def close(self) -> None:
        """Give the engine's memory back; the engine cannot be asked any more."""
        for ruleset in self._closing:
            ruleset.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Ruleset:
    """One ruleset of durable-rules: created, primed, asked, closed, each under one lock."""

    def __init__(self, formulas: Sequence[Formula], *, tried: bool, alone: bool) -> None:
        text = ruleset_text(formulas)
        if not tried:
            trial(text)
        self._engine: Any = _engine
        self._lock = threading.Lock()
        self._read = {name_of(check.field) for formula in formulas for check in _checks(formula)}
        self._alone = alone  # every field is read here
        self._handle = self._engine.create_ruleset("rules", text)
        self._open = True
        _prime(self._engine, self._handle)

    def matching(self, known: Mapping[str, int]) -> set[int]:
        """The formulas that hold, by place."""
        if not self._alone:
            known = {name: known[name] for name in self._read if name in known}
        text = orjson.dumps({"id": "1", "$k": 1, **known}).decode()
        with self._lock:
            if not self._open:
                raise RuntimeError("this engine was closed")
            try:
                return _ask(self._engine, self._handle, text)
            except Exception:  # nothing narrower is raised; a lost state is made anew, a second failure shows
                self._engine.delete_state(self._handle, "0")
                _prime(self._engine, self._handle)
                return _ask(self._engine, self._handle, text)

    def close(self) -> None:
        """Delete the state, then the ruleset; the other order leaks."""
        with self._lock:
            if self._open:
                self._open = False
                self._engine.delete_state(self._handle, "0")
                self._engine.delete_ruleset(self._handle)


def _ask(engine: Any, handle: int, text: str) -> set[int]:
    """Assert one fact, collect every rule it fires, retract it; nothing stays behind."""
    outcome, offset = engine.assert_fact(handle, text)
    matched: set[int] = set()
    if outcome == 0:
        state = engine.start_action_for_state(handle, offset)
        action = state and state[1]
        while action is not None:
            matched.add(int(action[2 : action.index('"', 2)]))
            action = engine.complete_and_start_action(handle, offset)
        engine.retract_fact(handle, '{"id":"1"}')
    elif outcome != 1:
        raise RuntimeError(f"durable-rules answered {outcome}")
    return matched


def _prime(engine: Any, handle: int) -> None:
    """Let one rule fire once, so that the state is whole and may be deleted."""
    outcome, offset = engine.assert_fact(handle, '{"id":"p","$p":1}')
    if outcome == 0:
        state = engine.start_action_for_state(handle, offset)
        action = state and state[1]
        while action is not None:
            action = engine.complete_and_start_action(handle, offset)
        engine.retract_fact(handle, '{"id":"p"}')


# ---------------------------------------------------------------------------------------------------------- rulesets
def ruleset_text(formulas: Sequence[Formula]) -> str:
    """A ruleset of durable-rules: each rule guarded by `$k`, so that the engine's hidden fact never matches."""
    rules: dict[str, Any] = {"p": {"all": [{"m": {"$and": [{"$p": 1}]}}]}}
    for place, formula in enumerate(formulas):
        parts = formula.parts if isinstance(formula, Both) else (formula,)
        rules[str(place)] = {"all": [{"m": {"$and": [{"$k": 1}, *(_expression(part) for part in parts)]}}]}
    return json.dumps(rules)


def _expression(formula: Formula) -> dict[str, Any]:
    match formula:
        case Check(field, "eq", number):
            return {name_of(field): number}
        case Check(field, operator, number):
            return {f"${operator}": {name_of(field): number}}
        case Both(parts):
            return {"$and": [_expression(part) for part in parts]}
        case Either(parts):
            return {"$or": [_expression(part) for part in parts]}


def _split(formulas: Sequence[Formula]) -> tuple[list[list[Formula]], list[Formula]]:
    """Rulesets within the engine's limits, and the formulas that no ruleset can hold."""
    chunks: list[list[Formula]] = []
    rest: list[Formula] = []
    waiting = 0
    for formula in formulas:
        width = branches(formula)
        if not _fits(formula):
            rest.append(formula)
            continue
        if not chunks or waiting + width > MOST_WAITING:
            chunks.append([])
            waiting = 0
        chunks[-1].append(formula)
        waiting += width
    return chunks, rest


def _fits(formula: Formula) -> bool:
    empty = isinstance(formula, Both | Either) and not formula.parts
    small = groups(formula) <= MOST_GROUPS and paths(formula) <= MOST_PATHS and branches(formula) <= MOST_WAITING // 2
    return small and not empty


def _checks(formula: Formula) -> Iterator[Check]:
    if isinstance(formula, Check):
        yield formula
    else:
        for part in formula.parts:
            yield from _checks(part)


# -------------------------------------------------------------------------------------------------------------- trial
_TRIED_MOST = 1_024
_tried: set[bytes] = set()
"""Hashes of rulesets that came through their trial."""


def trial(text: str) -> None:
    """Build a ruleset and ask it once in a process of its own; creation may hang or crash where it is not as agreed.

    Raises:
        Unsound: the process crashed, answered wrongly, or took too long.
    """
    name = hashlib.sha256(text.encode()).digest()
    if name in _tried:
        return
    try:
        run = subprocess.run(
            [sys.executable, "-c", _TRIAL],
            input=text.encode(),
            capture_output=True,
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unsound(f"a ruleset did not come through its trial within {TRIAL_SECONDS:g} s") from None
    if run.returncode != 0 or run.stdout.strip() != b"sound":
        last = run.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unsound(f"a ruleset did not come through its trial (exit {run.returncode}): {last}")
    if len(_tried) >= _TRIED_MOST:
        _tried.clear()
    _tried.add(name)


_TRIAL = """
import sys
import durable_rules_engine as engine

def through(handle, fact, name):
    outcome, offset = engine.assert_fact(handle, fact)
    fired = []
    if outcome == 0:
        state = engine.start_action_for_state(handle, offset)
        action = state and state[1]
        while action is not None:
            fired.append(action[2:action.index('"', 2)])
            action = engine.complete_and_start_action(handle, offset)
        engine.retract_fact(handle, '{"id":"%s"}' % name)
    return fired

handle = engine.create_ruleset("rules", sys.stdin.read())
first = through(handle, '{"id":"p","$p":1}', "p")
nothing = through(handle, '{"id":"1","$k":1}', "1")
engine.delete_state(handle, "0")
engine.delete_ruleset(handle)
print("sound" if first == ["p"] and nothing == [] else "unsound")
"""


def engine_module() -> ModuleType | None:
    """The engine underneath, for benchmarks that compare with it bare; None where it cannot be loaded."""
    return importlib.import_module("durable_rules_engine") if AVAILABLE else None
