"""Later: what belongs to a scene but is read only when a play looks at it, and what is told one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")


class LaterMapping(Mapping[K, V]):
    """A mapping that is read when somebody looks at it.

    Args:
        read: reads it.
    """

    def __init__(self, read: Callable[[], Mapping[K, V]]) -> None:
        self._read = read

    @cached_property
    def _all(self) -> Mapping[K, V]:
        return self._read()

    def __getitem__(self, key: K) -> V:
        return self._all[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, key: object) -> bool:
        return key in self._all


class LaterSequence(Sequence[V]):
    """A sequence that is read when somebody looks at it.

    Args:
        read: reads it.
    """

    def __init__(self, read: Callable[[], Sequence[V]]) -> None:
        self._read = read

    @cached_property
    def _all(self) -> Sequence[V]:
        return self._read()

    @overload
    def __getitem__(self, place: int) -> V: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[V]: ...

    def __getitem__(self, place: int | slice) -> V | Sequence[V]:
        return self._all[place]

    def __iter__(self) -> Iterator[V]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


class Told(Iterable[V]):
    """What is told anew, one by one, to everybody who listens; nothing of it is kept.

    Args:
        tell: tells it.
    """

    def __init__(self, tell: Callable[[], Iterator[V]]) -> None:
        self._tell = tell

    def __iter__(self) -> Iterator[V]:
        return self._tell()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]
