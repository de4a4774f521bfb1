"""Community: everything one folder of specs says, read and indexed, and modes with their arguments put in."""

from __future__ import annotations

import functools
import hashlib
import json
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from rules.spec.diagnostics import did_you_mean
from rules.spec.documents.calendar import Calendar
from rules.spec.documents.cases import Case
from rules.spec.documents.community import (
    Channel,
    Cohorts,
    CommunityDocument,
    Goal,
    List_,
    Message,
    Role,
    Space,
    Title,
)
from rules.spec.documents.lifecycle import Lifecycle
from rules.spec.documents.metrics import Counted, FactKind, Named, Packed, Ratio, Score
from rules.spec.documents.mode import Mode
from rules.spec.documents.resources import Benefit, Budget, Fleet, Stock
from rules.spec.documents.rules import Rule
from rules.spec.documents.sla import SlaSpec
from rules.spec.documents.task import Task
from rules.spec.documents.tiers import Tiers
from rules.spec.fields import FieldSpec
from rules.spec.node import Context, Node
from rules.spec.pack import meant
from rules.spec.phase import PhaseKinds
from rules.spec.source import Source, Written, as_written, plain
from rules.spec.substitute import ArgumentError, put_in
from rules.spec.translate import translate
from rules.spec.vocabulary import ENGINE_ATTRIBUTES, ENGINE_FACTS, FactField

AnyMetric = Counted | Ratio | Score | Named | Packed
AnyResource = Budget | Stock | Fleet | Benefit


@dataclass(frozen=True, slots=True)
class Document:
    """One file that was read: where everything stands, and what it says."""

    source: Source
    schema: str  # such as "mode/v1"
    model: Node


@dataclass(frozen=True, eq=False)
class Community:
    """A community as its specs declare it. Two with the same digest say the same."""

    documents: tuple[Document, ...]
    kinds: PhaseKinds
    lost: frozenset[str] = frozenset()  # ids declared in pieces that could not be read
    _sources: dict[int, Source] = field(default_factory=dict, repr=False)
    _bound: dict[str, Mode] = field(default_factory=dict, repr=False)

    # ------------------------------------------------------------------------------------------ what it is called
    @functools.cached_property
    def document(self) -> CommunityDocument:
        return next(d.model for d in self.documents if isinstance(d.model, CommunityDocument))

    @property
    def id(self) -> str:
        return self.document.id

    @functools.cached_property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.document.zone)

    @functools.cached_property
    def canonical(self) -> bytes:
        """What all documents say, without layout and comments, in a fixed order."""
        said = sorted(
            (
                d.schema,
                str(getattr(d.model, "id", "")),
                json.dumps(plain(d.source.tree), ensure_ascii=False, sort_keys=True),
            )
            for d in self.documents
        )
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()

    @functools.cached_property
    def digest(self) -> str:
        """ "sha256:" and the hash of `canonical`: the version that decisions and runs name."""
        return "sha256:" + hashlib.sha256(self.canonical).hexdigest()

    # ---------------------------------------------------------------------------------------------- by id
    def _of(self, model: type[Any]) -> list[Any]:
        return [d.model for d in self.documents if isinstance(d.model, model)]

    @functools.cached_property
    def metrics(self) -> dict[str, AnyMetric]:
        """Every metric; what comes from a pack as what it means there."""
        return _by_id(meant(m) for d in self._documents("metrics/v1") for m in d.metrics)

    @functools.cached_property
    def facts(self) -> dict[str, FactKind]:
        """The community's own kinds of facts, which are also its forms."""
        return _by_id(f for d in self._documents("metrics/v1") for f in d.facts)

    @functools.cached_property
    def ladders(self) -> dict[str, Tiers]:
        return _by_id(self._of(Tiers))

    @functools.cached_property
    def lifecycle(self) -> Lifecycle | None:
        return next(iter(self._of(Lifecycle)), None)

    @functools.cached_property
    def rules(self) -> dict[str, Rule]:
        return _by_id(r for d in self._documents("rules/v1") for r in d.rules)

    @functools.cached_property
    def slas(self) -> dict[str, SlaSpec]:
        return _by_id(s for d in self._documents("sla/v1") for s in d.slas)

    @functools.cached_property
    def resources(self) -> dict[str, AnyResource]:
        return _by_id(r for d in self._documents("resources/v1") for r in d.resources)

    @functools.cached_property
    def calendars(self) -> dict[str, Calendar]:
        return _by_id(self._of(Calendar))

    @functools.cached_property
    def modes(self) -> dict[str, Mode]:
        return _by_id(self._of(Mode))

    @functools.cached_property
    def tasks(self) -> dict[str, Task]:
        return _by_id(self._of(Task))

    @functools.cached_property
    def roles(self) -> dict[str, Role]:
        return _by_id(self.document.roles)

    @functools.cached_property
    def lists(self) -> dict[str, List_]:
        return _by_id(self.document.lists)

    @functools.cached_property
    def attributes(self) -> dict[str, FieldSpec]:
        """The community's own attributes of members."""
        return _by_id(self.document.attributes)

    @functools.cached_property
    def channels(self) -> dict[str, Channel]:
        return _by_id(self.document.channels)

    @functools.cached_property
    def spaces(self) -> dict[str, Space]:
        return _by_id(self.document.spaces)

    @functools.cached_property
    def cohorts(self) -> dict[str, Cohorts]:
        return _by_id(self.document.cohorts)

    @functools.cached_property
    def titles(self) -> dict[str, Title]:
        return _by_id(self.document.titles)

    @functools.cached_property
    def goals(self) -> dict[str, Goal]:
        return _by_id(self.document.goals)

    @functools.cached_property
    def messages(self) -> dict[str, Message]:
        return _by_id(self.document.messages)

    @functools.cached_property
    def cases(self) -> tuple[Case, ...]:
        return tuple(c for d in self._documents("cases/v1") for c in d.cases)

    def _documents(self, schema: str) -> list[Any]:
        return [d.model for d in self.documents if d.schema == schema]

    # ------------------------------------------------------------------------------------------------ types
    @property
    def engine_facts(self) -> Mapping[str, Mapping[str, FactField]]:
        """The kinds of facts that the engine records, and their own fields."""
        return ENGINE_FACTS

    @functools.cached_property
    def attribute_types(self) -> dict[str, str]:
        """Every attribute of a member and its type: the engine's, the ladders', the community's own."""
        found = dict(ENGINE_ATTRIBUTES)
        for ladder in self.ladders:
            found |= {ladder: "tier", f"days_in_{ladder}": "integer", f"{ladder}_held": "set"}
        found |= {a.id: "set" if a.many else a.type for a in self.attributes.values()}
        return found

    def attribute_type(self, name: str) -> str | None:
        """The type of a member's attribute; None if there is none of this name."""
        return self.attribute_types.get(name)

    def metric_type(self, name: str) -> str | None:
        """The type of a metric's value; None if there is none of this name."""
        metric = self.metrics.get(name)
        return metric.type if metric is not None else None

    # ------------------------------------------------------------------------------------------------ binding
    def source_of(self, model: Node) -> Source:
        """Where a document stands."""
        return next(d.source for d in self.documents if d.model is model)

    def bind(self, task_id: str, extra: Mapping[str, Any] | None = None) -> Mode:
        """The mode of a task with the arguments put in.

        `extra` are arguments given when the run starts; they stand above the task's own.

        Raises:
            ArgumentError: the task or mode is unknown, an argument is missing, unknown, or does not fit.
        """
        if extra:
            return self.validate_bound(self.bind_source(task_id, extra))
        if task_id not in self._bound:
            self._bound[task_id] = self.validate_bound(self.bind_source(task_id))
        return self._bound[task_id]

    def bind_source(self, task_id: str, extra: Mapping[str, Any] | None = None) -> Source:
        """The tree of a task's mode with the arguments put in; places point to where each word was written.

        Raises:
            ArgumentError: as `bind`.
        """
        task = self.tasks.get(task_id)
        if task is None:
            raise ArgumentError(f"there is no task '{task_id}'", did_you_mean(task_id, self.tasks))
        mode = self.modes.get(task.mode)
        if mode is None:
            raise ArgumentError(f"task '{task_id}' uses mode '{task.mode}', which does not exist")
        given = self.source_of(task).tree.get("with", Written(self.source_of(task).tree.place))
        arguments = Written.copy(given)
        for name, value in (extra or {}).items():
            nowhere = given.place
            arguments.put(name, as_written(value), nowhere, nowhere)
        return self.bind_mode(mode, arguments)

    def bind_mode(self, mode: Mode, arguments: Written) -> Source:
        """The tree of a mode with arguments put in.

        Raises:
            ArgumentError: an argument is missing or unknown.
        """
        return put_in(self.source_of(mode), mode, arguments)

    def validate_bound(self, source: Source) -> Mode:
        """The mode that a bound tree says.

        Raises:
            ArgumentError: an argument does not fit where it is used.
        """
        context = Context(kinds=self.kinds)
        try:
            return Mode.model_validate(source.tree, context=context)
        except ValidationError as error:
            translate(error, source, context.problems)
            first = context.problems.found()[0] if len(context.problems) else None
            reason = f"{first.message} ({first.file}:{first.line}:{first.column})" if first else "they do not fit"
            hint = first.hint if first else ""
            raise ArgumentError(f"mode '{source.tree.get('id')}' with these arguments: {reason}", hint) from None


def _by_id(things: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for thing in things:
        found.setdefault(thing.id, thing)
    return found
