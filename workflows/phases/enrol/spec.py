"""The spec of enrol: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from rules.spec.node import mistake
from rules.spec.people import OrderArg, Who
from rules.spec.phase import PhaseSpec, Surroundings
from rules.spec.scalars import CountArg, IdArg, WithinArg, words_or_arg


class Enrol(PhaseSpec):
    """Members come in."""

    kind: Literal["enrol"]
    who: Who  # eligible, checked at the moment of joining
    how: Annotated[str, words_or_arg("open", "invite")] = "open"
    message: IdArg | None = None
    form: IdArg | None = None
    needs: CountArg = 1
    limit: CountArg | None = None  # places; the rest waits
    order: OrderArg | None = None  # who comes first when more want in than fit; absent: first come
    within: WithinArg

    @model_validator(mode="after")
    def _room(self) -> Enrol:
        if isinstance(self.limit, int) and isinstance(self.needs, int) and self.limit < self.needs:
            raise mistake("TRL215", f"limit {self.limit} is below needs {self.needs}", key="limit")
        return self

    def results(self, around: Surroundings) -> dict[str, str]:
        return {"members": "people", "waiting": "people", "declined": "people"}
