"""Reading: one metric over one window, as a condition asks for it and as a column is named."""

import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from rules.errors import Unfit

Scope = Literal["subject", "community", "author", "work", "team", "run", "cohort", "space"]
SCOPES: tuple[str, ...] = get_args(Scope)

CALENDAR_WINDOWS = (
    "all",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_year",
    "last_year",
    "in_tier",
    "in_stage",
)
_WINDOW = re.compile(
    r"(?P<over>[1-9][0-9]{0,4}(?:min|h|d|w|mo|y)|" + "|".join(CALENDAR_WINDOWS) + r")"
    r"(?:, (?P<until>[1-9][0-9]{0,4}(?:d|w|mo|y) ago))?"
    r"(?:@(?P<of>[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """What is read of a subject: a metric, over a window, perhaps ended some time ago, perhaps of one value.

    Args:
        metric: id of the metric, without a scope.
        over: `90d`, `12h`, `this_month`, `in_tier`, …; `all` is since ever.
        until: `7d ago`, when the window ended then; None when it ends now.
        of: the value at which a metric kept `by` value is read; None reads all values together.
        scope: whose metric it is: the subject's own, or that of the community, the author, …
    """

    metric: str
    over: str = "all"
    until: str | None = None
    of: str | None = None
    scope: str = "subject"
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.metric, self.over, self.until, self.of, self.scope)))

    def __hash__(self) -> int:  # evidence is looked up by readings more often than anything else is done
        return self._hash

    def __reduce__(self) -> tuple[type["Reading"], tuple[str, str, str | None, str | None, str]]:
        return (Reading, (self.metric, self.over, self.until, self.of, self.scope))

    @property
    def text(self) -> str:
        """The window as `trellis decide` and cases write it: `90d, 7d ago@network`."""
        until = f", {self.until}" if self.until else ""
        return f"{self.over}{until}@{self.of}" if self.of else self.over + until

    @property
    def name(self) -> str:
        """The metric as a condition names it: `posts`, `community.posts`."""
        return self.metric if self.scope == "subject" else f"{self.scope}.{self.metric}"

    @property
    def key(self) -> str:
        """A unique column name: `active_days[30d]`, `community.posts[100d, 7d ago]`."""
        return f"{self.name}[{self.text}]"

    def __str__(self) -> str:
        return self.key


def parse_reading(name: str, window: str) -> Reading:
    """Read the name of a metric and a window text such as `90d, 7d ago@network`.

    Raises:
        Unfit: the window is not one of the language.
    """
    scope, metric = split_scope(name)
    found = _WINDOW.fullmatch(window)
    if found is None:
        raise Unfit(
            f"{name}: {window!r} is no window", "expected 90d, 12h, all, this_month, …, perhaps `90d, 7d ago@value`"
        )
    return Reading(metric, found["over"], found["until"], found["of"], scope)


def split_scope(name: str) -> tuple[str, str]:
    """Take `community.posts` apart into ("community", "posts"); a bare name belongs to the subject."""
    head, dot, tail = name.partition(".")
    return (head, tail) if dot and head in SCOPES else ("subject", name)


def reading_of(key: str) -> Reading | None:
    """The reading that a column of this name holds; None for an attribute.

    Raises:
        Unfit: it looks like one, but its window is not one of the language.
    """
    if not key.endswith("]"):
        return None
    name, _, window = key[:-1].partition("[")
    return parse_reading(name, window)
