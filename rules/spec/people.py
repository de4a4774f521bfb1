"""People: whom a piece is about. References, selections, and the order that says who comes first."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from rules.spec.conditions import Condition
from rules.spec.node import SHAPE, Node, mistake
from rules.spec.scalars import Arg, IdArg, Name, Plain, PositiveArg, Ref, Window


class By(Node):
    """One line of an order: highest, lowest, or a recorded draw."""

    highest: Name | None = None
    lowest: Name | None = None
    draw: Annotated[bool, Plain("flag")] | None = None
    over: Window | None = None

    @model_validator(mode="after")
    def _one(self) -> By:
        said = [k for k in ("highest", "lowest", "draw") if k in self.model_fields_set]
        if len(said) != 1:
            raise mistake(
                "TRL213", "a line of an order says one of highest, lowest, draw", f"here: {', '.join(said) or 'none'}"
            )
        if self.draw is False:
            raise mistake("TRL205", "draw is true or left out", key="draw")
        if self.draw and self.over:
            raise mistake("TRL213", "a draw has no window", "leave out over", key="over")
        return self


Order = Annotated[tuple[By, ...], Field(min_length=1)]
OrderArg = Annotated[Order | Arg, SHAPE]


class Selection(Node):
    """People or works out of some: who meets a condition, without some, the best, only so many."""

    from_: Annotated[tuple[RefOrSelection, ...], Field(min_length=1)] = Field(("everyone",), alias="from")
    where: Condition | None = None
    of: IdArg | None = None  # the value, for titles and tiers held per value
    except_: tuple[Ref, ...] = Field((), alias="except")
    order: OrderArg | None = None
    first: PositiveArg | None = None


RefOrSelection = Annotated[Ref | Selection, SHAPE]
Who = Annotated[Ref | Annotated[tuple[RefOrSelection, ...], Field(min_length=1)] | Selection, SHAPE]
Things = Annotated[Ref | Selection, SHAPE]  # works, teams or people: a reference or a selection
Refs = Annotated[Ref | Annotated[tuple[Ref, ...], Field(min_length=1)], SHAPE]

By.model_rebuild()
Selection.model_rebuild()


def refs(who: Any) -> tuple[str, ...]:
    """Every reference that a who names, in the order written, `except` ones too."""
    if isinstance(who, str):
        return (who,)
    if isinstance(who, Selection):
        return tuple(r for w in who.from_ for r in refs(w)) + who.except_
    return tuple(r for w in who or () for r in refs(w))
