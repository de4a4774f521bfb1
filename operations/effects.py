"""Effects: what is done without waiting (publish, notify, award, …), the same for phases, tiers, stages and rules.

An effect becomes *deeds*, one for each person, place or thing it concerns. A deed's key is made of where it comes from
(a run's phase visit, or a decision), the effect's place in its list, and whom it is for; so whatever crashes and is
tried again, it is done once. Who is meant by a `who` is the business of whoever calls: the `Resolver`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from operations.ports.effects import Deed, Done, Effects

if TYPE_CHECKING:
    from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A work (or a person) as an award sees it: its authors, its place in a ranking, each author's share in percent."""

    id: str
    authors: tuple[str, ...]
    place: int | None = None
    shares: Mapping[str, int] = field(default_factory=dict)


class Resolver(Protocol):
    """What refs and selections mean where an effect stands."""

    def people(self, who: Any) -> Sequence[str]:
        """The people a who names, in order, each once; of works their authors, of teams their members.

        A `role:x` gives the staff in it.
        """
        ...

    def ranked(self, who: Any) -> Sequence[Ranked] | None:
        """The works (or ranked people) a who names, in order; None when it does not name works or a ranking."""
        ...

    def things(self, ref: str) -> Sequence[str]:
        """Ids of what a `publish.what` or `notify.what` names: works' ids; `run.brief` and `message:x` themselves."""
        ...

    def credit(self, ref: str) -> Mapping[str, int]:
        """The contribution ledger that a ref such as `run.ledger` names: people and their parts."""
        ...

    def value(self, name: str, subject: str | None) -> Any:
        """What a name in `record.with` (a result, an argument) is for this subject; the text itself if it is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectContext:
    """Where effects stand: in which community, coming from what, at which moment, about whom, and where they go.

    `source` is the stable name of the run's phase visit (`auto/photo-contest/3/results/1`) or of the decision
    (`auto/2027-03-01T06:00Z/1/tier/m17`); it begins the key of every deed. `at` is logical time.
    """

    community: Community
    source: str
    at: datetime
    resolver: Resolver
    into: Effects
    subject: str | None = None
    value: str | None = None
    run: str | None = None
    task: str | None = None
    mode: str | None = None
    phase: str | None = None
    scale: str | None = None
    seed: str | None = None


def carry_out(effects: Sequence[Any], context: EffectContext) -> Done:
    """Carry out a list of effects, in order, each once. Idempotent by the context's `source`.

    Returns how many deeds were new and which were refused (no money left, nobody in a role with capacity, …);
    refusals are recorded, they stop nothing.
    """
    return context.into.do(context.community.id, deeds_of(effects, context))


def deeds_of(effects: Sequence[Any], context: EffectContext) -> list[Deed]:
    """What a list of effects comes down to, without doing any of it."""
    raise AssertionError
