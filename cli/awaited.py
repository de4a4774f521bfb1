"""Awaited: waits for a workflow and says, within seconds, when something in it fails or nobody works on it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from operations.errors import Refusal

if TYPE_CHECKING:
    from cli.wiring import Room
    from workflows.gateway import Trouble

T = TypeVar("T")

LOOK_EVERY = 2.0
"""Seconds between two looks at what fails."""


class Failures:
    """What fails in one workflow, told once and again whenever it has failed twice as often, or for another reason."""

    def __init__(self, room: "Room", workflow: str, say: Callable[[str], None]) -> None:
        """Nothing is looked at yet; the first look may be taken at once.

        Args:
            room: where Temporal is reached.
            workflow: its business id.
            say: takes a sentence or two for people.
        """
        self._room, self._workflow, self._say = room, workflow, say
        self._told: dict[str, tuple[int, str]] = {}
        self._idle = False
        self._next = 0.0

    def look(self) -> None:
        """Look, unless that was done a moment ago, and say what is new."""
        if time.monotonic() < self._next:
            return
        for trouble in self._room.gateway.troubles(self._workflow):
            told, why = self._told.get(trouble.activity, (0, ""))
            if trouble.attempt >= 2 * told or trouble.why != why:
                self._told[trouble.activity] = (trouble.attempt, trouble.why)
                self._say(self._sentence(trouble))
        idle = self._room.gateway.pollers() == 0
        if idle and not self._idle:
            self._say(f"nobody works on {self._workflow}: no worker asks for work. Start `trellis up` or a worker.")
        self._idle = idle
        self._next = time.monotonic() + LOOK_EVERY

    def _sentence(self, trouble: "Trouble") -> str:
        times = "once" if trouble.attempt == 1 else f"{trouble.attempt} times"
        return (
            f"{trouble.activity} of {trouble.workflow} has failed {times} and is tried again: {_line(trouble.why)}"
            f"\n         Look further: {self._where()}"
        )

    def _where(self) -> str:
        from urllib.parse import quote

        from cli.home import Home

        places = []
        if self._room.ui:
            space = self._room.gateway.client.namespace
            places.append(f"{self._room.ui}/namespaces/{space}/workflows/{quote(self._workflow, safe='')}")
        log = Home.here().log("worker")
        if log.exists():
            places.append(str(log))
        return ", ".join([*places, "`trellis doctor`"])


def awaited(room: "Room", workflow: str, kind: type[T], *, within: float, say: Callable[[str], None]) -> T:
    """The result of a workflow, waited for while what fails in it is said.

    Args:
        room: where Temporal is reached.
        workflow: its business id.
        kind: what its result is.
        within: seconds to wait at most.
        say: takes what fails, for people.

    Raises:
        Refusal: something in it was refused for good, with the reason.
        RuntimeError: it failed otherwise.
        TimeoutError: it has not ended in time.
    """
    from temporalio.client import WorkflowFailureError

    failures, until = Failures(room, workflow, say), time.monotonic() + within
    while True:
        try:
            result: T = room.gateway.result(workflow, min(LOOK_EVERY, within), kind)
        except TimeoutError:
            if time.monotonic() > until:
                raise TimeoutError(f"{workflow} has not ended within {within:.0f} s; it goes on by itself") from None
            failures.look()
        except WorkflowFailureError as failure:
            raise _of(failure, workflow) from failure
        else:
            return result


def _of(failure: BaseException, workflow: str) -> Exception:
    """What is to be raised for a workflow that failed: a refusal as such, otherwise its innermost cause."""
    from temporalio.exceptions import ApplicationError

    inner: BaseException = failure
    while (cause := getattr(inner, "cause", None)) is not None:
        inner = cause
        if isinstance(inner, ApplicationError) and inner.non_retryable:
            return Refusal(inner.message)
    return RuntimeError(f"{workflow} failed: {_line(str(inner))}")


def _line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0] if lines else "it does not say why"
