"""Beside: one piece of work on a thread of its own, beside what goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Generic, Self, TypeVar

T = TypeVar("T")

WITHIN = 30.0
"""Seconds that work which has been told to end may still take."""


class Beside(Generic[T]):
    """Does a piece of work beside; leaving tells it to end and waits for that.

    Args:
        work: is given what is set when it has to end.
        name: of the thread.
    """

    def __init__(self, work: Callable[[Event], T], name: str) -> None:
        self._work, self._name = work, name
        self._ending = Event()
        self._thread: Thread | None = None
        self._found: list[T] = []
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def alarm(self) -> None:
        """Raise what it has failed with, if it has."""
        if self._failure is not None:
            raise self._failure

    def result(self) -> T:
        """What came of it, once it is done.

        Raises:
            BaseException: whatever it failed with.
        """
        assert self._thread is not None, "it has begun"
        self._thread.join()
        self.alarm()
        return self._found[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join(WITHIN)

    def _run(self) -> None:
        try:
            self._found.append(self._work(self._ending))
        except BaseException as failure:
            self._failure = failure
