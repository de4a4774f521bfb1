"""Pool: durable-rules in processes of its own, so that a crash costs a retry and never a worker."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from rules.condition import Condition, Truth
from rules.inference import AVAILABLE, Engine
from rules.values import Evidence

ALARM = 60.0
"""Seconds after which a process that answers nothing is given up."""

Report = Callable[[str], None]

_engine: Engine | None = None


class InferencePool:
    """The online path for many callers: batches of evidence, answered in supervised processes.

    A process that dies or hangs is replaced and its batch asked once more; a batch that brings down two processes
    is answered by the compiled function here, and reported. Where durable-rules cannot be loaded, the compiled
    function answers everything, without processes.

    Args:
        conditions: by name.
        processes: how many.
        report: told in a sentence when a process was lost or an answer differed from the reference.
        patience: seconds to wait for one batch.

    Raises:
        Unsound: the ruleset did not come through its trial.
    """

    def __init__(
        self,
        conditions: Mapping[str, Condition],
        *,
        processes: int = 1,
        report: Report | None = None,
        patience: float = ALARM,
        use_durable: bool | None = None,
    ) -> None:
        self._conditions = dict(conditions)
        self._processes, self._patience = processes, patience
        self._report = report or (lambda _: None)
        self._here = Engine(self._conditions, use_durable=False, sample=0)
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self.uses_durable = AVAILABLE if use_durable is None else use_durable
        if self.uses_durable:
            Engine(self._conditions, sample=0).close()  # the trial, once for all processes
            self._pool = self._started()

    def truths(self, people: Sequence[Evidence]) -> list[dict[str, Truth]]:
        """How each condition comes out for each of them, in order."""
        for attempt in ("first", "second"):
            pool = self._pool
            if pool is None:
                break
            try:
                answers, differed = pool.submit(_answer, list(people)).result(self._patience)
            except (BrokenProcessPool, FutureTimeout) as error:
                what = "died" if isinstance(error, BrokenProcessPool) else f"did not answer in {self._patience:g} s"
                self._report(f"an inference process {what} at the {attempt} attempt at {len(people)} evaluations")
                self._replace(pool)
            else:
                for name in differed:
                    self._report(f"durable-rules and the reference differ about {name}; the reference decided")
                return answers
        return [self._here.truths(evidence) for evidence in people]

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._conditions,)
        )

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                _end(broken)
                self._pool = self._started()

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            _end(pool)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(pool: ProcessPoolExecutor) -> None:
    """End a pool at once, also one whose process hangs inside the engine and hears no signal to stop."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join(5)


_differed: list[str] = []


def _begin(conditions: Mapping[str, Condition]) -> None:
    """In the process: build the engine, which came through its trial before."""
    global _engine
    _engine = Engine(conditions, use_durable=True, tried=True, alert=lambda name, _: _differed.append(name))


def _answer(people: list[Evidence]) -> tuple[list[dict[str, Truth]], list[str]]:
    """In the process: answer a batch, and say about what the sample differed."""
    assert _engine is not None
    _differed.clear()
    return [_engine.truths(evidence) for evidence in people], list(dict.fromkeys(_differed))
