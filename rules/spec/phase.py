"""Phases: what all kinds share. A kind is a folder under `workflows/phases/` with a subclass of `PhaseSpec`.

Which kinds there are is not known here: they come with the reading (`Context.kinds`), so that a new kind
is a folder and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from rules.spec.conditions import Condition
from rules.spec.labels import Label
from rules.spec.node import SHAPE, Node, by_kind, reading
from rules.spec.people import Who
from rules.spec.scalars import Bounded, FlagArg, Id, IdArg, Key, PositiveShareArg, Target, WithinArg

PhaseKinds = Mapping[str, "type[PhaseSpec]"]


class Back(Node):
    """A way back to an earlier phase of the same body: at most so often, then elsewhere."""

    to: Target
    at_most: Annotated[int, Bounded(1, 20)]
    else_: Target = Field(alias="else")


Go = dict[Key, Annotated[Target | Back, SHAPE]]


class Body(NamedTuple):
    """Phases inside a phase."""

    path: tuple[str | int, ...]  # where they stand in the phase, such as ("branches", 0, "phases")
    name: str  # the branch, or ""
    phases: tuple[PhaseSpec, ...]


class Surroundings(Protocol):
    """What a phase may ask about the mode and community around it, to tell the types of its results."""

    def type_of(self, ref: str) -> str:
        """What a reference is at this point: people, works, teams, slots, text, …"""

    def fields_of(self, form: str) -> Mapping[str, str]:
        """The fields of a kind of fact and their types."""


class PhaseSpec(Node):
    """A phase: an id, when it is played at all, and where each outcome leads."""

    id: Id
    kind: str
    title: Label | None = None
    only_if: Condition | None = None  # else skipped; unknown counts as no
    go: Go = Field({})

    takes: ClassVar[frozenset[str]] = frozenset({"works", "teams", "people"})  # what `of` may be

    def outcomes(self) -> tuple[str, ...]:
        """How the phase can come out; the first goes on by itself."""
        return ("done", "short")

    def results(self, around: Surroundings) -> dict[str, str]:
        """What later phases may read as `id.name`, with types; `*` stands for names known only later."""
        return {}

    def bodies(self) -> tuple[Body, ...]:
        """The phases inside."""
        return ()

    def silences(self) -> tuple[str, ...] | None:
        """The words that `if_silent` may be; None if the phase has no gate, () if they come with an argument."""
        return None


class GateSpec(Node):
    """A gate: people are asked. Shared by review, judge, ask and by approvals."""

    by: Who
    needs: PositiveShareArg = 1
    never: Who | None = None  # authors never decide about their own work, whatever stands here
    blind: FlagArg = False
    within: WithinArg
    if_silent: IdArg


class GatePhase(PhaseSpec, GateSpec):
    """A phase that is a gate."""


class _Kind:
    """In `Annotated[PhaseSpec, _Kind()]`: the class is found by `kind` among the kinds of the reading."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any, info: ValidationInfo) -> PhaseSpec:
            if isinstance(value, PhaseSpec):
                return value
            context = reading(info)
            kinds = context.kinds if context is not None else {}
            kind = by_kind(value, context, kinds, "phase")
            return kinds[kind].__pydantic_validator__.validate_python(value, context=info.context)  # type: ignore[no-any-return]

        return core_schema.with_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(_written)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"x-phase": True}  # the kinds are put in by rules.spec.schema


def _written(phase: PhaseSpec) -> dict[str, Any]:
    return phase.model_dump(mode="json", by_alias=True)


Phase = Annotated[PhaseSpec, _Kind()]
Phases = Annotated[tuple[Phase, ...], Field(min_length=1)]


def every_phase(
    phases: tuple[PhaseSpec, ...], path: tuple[str | int, ...] = ("phases",)
) -> Iterator[tuple[tuple[str | int, ...], PhaseSpec]]:
    """Every phase of a mode, outer before inner, with its path."""
    for n, phase in enumerate(phases):
        here = (*path, n)
        yield here, phase
        for body in phase.bodies():
            yield from every_phase(body.phases, (*here, *body.path))
