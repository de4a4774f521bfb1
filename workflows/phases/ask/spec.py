"""The spec of ask: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from rules.spec.parts import Choices
from rules.spec.people import Things, refs
from rules.spec.phase import GatePhase, Surroundings
from rules.spec.scalars import Id, IdArg, words_or_arg


class Ask(GatePhase):
    """People choose; the first choice is the way on."""

    kind: Literal["ask"]
    of: Things | None = None  # asked about each of these
    choices: Choices = ("done",)
    form: IdArg | None = None
    decided_by: Annotated[str, words_or_arg("count", "majority", "plurality", "each")] = "count"
    veto: Id | None = None  # one such answer is enough

    def choice_ids(self) -> tuple[str, ...]:
        """The answers, or nothing if they come with an argument."""
        if isinstance(self.choices, str):
            return ()
        return tuple(c if isinstance(c, str) else c.id for c in self.choices)

    def outcomes(self) -> tuple[str, ...]:
        if self.of is not None or self.decided_by == "each":
            return ("done", "short")
        return self.choice_ids() + (("silent",) if self.if_silent == "silent" else ())

    def results(self, around: Surroundings) -> dict[str, str]:
        about = around.type_of(refs(self.of)[0]) if self.of is not None else "people"
        found = dict.fromkeys(self.choice_ids(), about) or {"*": about}
        if self.form is not None:
            for name, type_ in around.fields_of(self.form).items():
                found.setdefault(name, type_)
        return found

    def silences(self) -> tuple[str, ...] | None:
        return (*self.choice_ids(), "silent") if not isinstance(self.choices, str) else ()
