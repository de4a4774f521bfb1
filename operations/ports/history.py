"""Histories: everything that happened in a community, as a replay of its ladders reads it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rules.history.past import History
    from rules.spec import Community


class Histories(Protocol):
    """Where a history comes from: the memory, or files."""

    def of(self, community: Community, metrics: Collection[str], *, as_recorded: bool = False) -> History:
        """The members of a community and what these metrics count, under the spec that is given.

        Args:
            metrics: ids of metrics that are computed from facts.
            as_recorded: date each fact by when it was recorded, where that is later than when it happened.

        Raises:
            Refusal: there are no members or no facts.
        """
        ...
