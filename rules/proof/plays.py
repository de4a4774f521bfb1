"""Plays: phases that are never played because of their `only_if`, and repeats that nothing ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rules.proof.elsewhere import never
from rules.proof.finding import Finding
from rules.proof.places import Written
from rules.proof.promises import Task
from rules.proof.prover import Prover
from rules.proof.subject import Subject
from rules.proof.terms import at_least
from rules.spec import conditions as spec
from rules.spec.community import Document
from rules.spec.conditions import condition
from rules.spec.phase import every_phase
from rules.spec.source import Path, walk
from rules.values import BOOLEAN, INTEGER, TEXT, ValueType

_EXACT = ValueType("decimal", 6)


def plays(prover: Prover, tasks: Iterable[Task]) -> None:
    """Examine the conditions in the phases of every task."""
    for task in tasks:
        _task(prover, task)


def _task(prover: Prover, task: Task) -> None:
    document = Document(task.source, "mode/v1", task.mode)
    asked: list[tuple[Path, Any, str]] = []
    endless: list[tuple[Path, str]] = []
    for path, phase in every_phase(task.mode.phases):
        if phase.only_if is not None:
            message = f"the phase '{phase.id}' is never played: its only_if can never hold"
            asked.append(((*path, "only_if"), phase.only_if, message))
        until = getattr(phase, "until", None)
        if until is not None:
            asked.append(((*path, "until"), until, f"'{phase.id}' waits in vain: its until can never hold"))
        if phase.kind == "repeat" and getattr(phase, "times", None) is None and task.mode.while_ is not None:
            endless.append(((*path, "id"), phase.id))
    chosen = [
        (path, condition(node), f"nobody can be among these in '{task.id}': their {path[-1]} can never hold")
        for path, node in walk(task.source.tree)
        if path and path[0] == "phases" and path[-1] in ("where", "keep") and isinstance(node, dict)
    ]
    if not asked and not endless and not chosen:
        return
    results = {phase.id for _, phase in every_phase(task.mode.phases)}
    someone = prover.subject()
    for path, node, message in asked:
        written = Written(document, path, node, fields=_fields(prover, node, results, someone))
        never(prover, someone, written, "TRL440", message)
    for path, node, message in chosen:
        written = Written(document, path, node, fields=_fields(prover, node, results, someone))
        never(prover, someone, written, "TRL430", message)
    if endless:
        node = task.mode.while_
        written = Written(document, ("while",), node, fields=_fields(prover, node, results, someone))
        false = someone.truths(prover.places.condition(written)).false
        if prover.possible([false], written.place, f"whether the while of '{task.mode.id}' can fail") == "unsat":
            for path, id_ in endless:
                place = task.source.value_place(path)
                message = f"the repeat '{id_}' has no times, and the mode's while can never fail: nothing ends it"
                prover.found(Finding("TRL441", place, message, "add times, or a while that can fail"))


def _fields(prover: Prover, node: Any, results: set[str], someone: Subject) -> Mapping[str, ValueType]:
    """The results of phases and the arguments that a condition reads, by what they are compared with."""
    found: dict[str, ValueType] = {}
    for _, leaf in spec.leaves(node):
        head, dot, tail = leaf.name.partition(".")
        if (
            not dot
            or (head not in results and head != "run")
            or (head == "run" and tail in ("mode", "task", "days", "goal"))
        ):
            continue
        if head == "run" and tail in prover.community.metrics:
            continue
        type_ = found[leaf.name] = _type(leaf.test.comparisons().values())
        if head in results and type_.kind == "integer" and tail not in prover.community.metrics:
            var = someone.attribute(leaf.name, type_)
            prover.world.law(at_least(var.value, 0), f"{leaf.name} is a number of people or things")
    return found


def _type(compared: Iterable[Any]) -> ValueType:
    for value in compared:
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, bool):
                return BOOLEAN
            if isinstance(one, str):
                return _EXACT if one.replace(".", "").lstrip("-").isdigit() else TEXT
    return INTEGER
