"""The spec of review: what a mode may say."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from rules.spec.parts import Redo
from rules.spec.people import Things
from rules.spec.phase import GatePhase, Surroundings
from rules.spec.scalars import IdArg, Plain, Ref


class Review(GatePhase):
    """A verdict for each work."""

    takes: ClassVar[frozenset[str]] = frozenset({"works"})

    kind: Literal["review"]
    of: Things
    redo: Redo | None = None  # what `return` means; absent: nothing can be returned
    form: IdArg | None = None
    scope: dict[str, Ref] | None = None  # fields of the work, and the answers among which they should be
    credit: Annotated[int | str, Plain("count", "arg")] = 1  # ledger weight of each approved work
    if_silent: Annotated[str, Plain("arg", words=("approve", "refuse"))]

    def results(self, around: Surroundings) -> dict[str, str]:
        found = {"approved": "works", "refused": "works", "authors": "people"}
        return found if self.scope is None else {**found, "outside": "works"}

    def silences(self) -> tuple[str, ...] | None:
        return ("approve", "refuse")
