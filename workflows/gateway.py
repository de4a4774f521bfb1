"""Gateway: Temporal for code that is not a workflow: start, poke, cancel, look, without a line of `async`.

Commands, activities and tests are plain functions. The gateway keeps one event loop in a thread of its own,
and its calls wait out an outage up to a deadline: a killed server is back in seconds, so a caller need not
know. Starting twice is harmless.
"""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self, TypeVar

from pydantic import BaseModel
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from workflows import runtime
from workflows.sights import Seen, Trouble, asked_at, search_attributes, seen, troubles_in
from workflows.turns import POKE

__all__ = ["Gateway", "Seen", "Trouble", "search_attributes"]

T = TypeVar("T")

PATIENCE = 45.0  # seconds a call keeps trying while the server is away
ATTEMPT = timedelta(seconds=8)  # one attempt's own deadline
AT_ONCE = 16  # workflows that are looked at at the same time
AWAY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


class Gateway:
    """A connection to Temporal with plain methods; close it, or use it in a `with`."""

    def __init__(self, address: str | None = None, *, queue: str = runtime.QUEUE, within: float = PATIENCE) -> None:
        """Connect.

        Args:
            address: of the embedded server; `None` takes the environment's.
            queue: the task queue that started workflows run on.
            within: seconds to wait for the server to answer at all.

        Raises:
            Refusal: when nothing answers.
        """
        self.queue = queue
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway", daemon=True)
        self._thread.start()
        with ExitStack() as undo:
            undo.callback(self.close)
            self.client: Client = self.run(runtime.connect(address, within=within))
            undo.pop_all()

    def run(self, work: Coroutine[Any, Any, T], within: float | None = None) -> T:
        """Run a coroutine on the gateway's loop and wait for it.

        Raises:
            TimeoutError: when it takes longer than `within` seconds.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(within)
        except (TimeoutError, KeyboardInterrupt):
            future.cancel()
            raise

    def start(
        self,
        kind: str,
        argument: BaseModel | None = None,
        *,
        id: str,
        attributes: Mapping[str, str] | None = None,
        summary: str | None = None,
        again: bool = False,
    ) -> bool:
        """Start a workflow under its business id.

        Args:
            kind: the workflow's type; for a task its mode.
            argument: its one input.
            id: its business id; one run of an id at a time.
            attributes: search attributes by name (`TrellisCommunity`, …).
            summary: one line for people in Temporal's console.
            again: whether an id whose workflow has ended may run once more.

        Returns:
            False when it was there already (running or, without `again`, ended), so nothing was done.
        """
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.REJECT_DUPLICATE

        async def attempt() -> bool:
            try:
                await self.client.start_workflow(
                    kind,
                    args=[] if argument is None else [argument],
                    id=id,
                    task_queue=self.queue,
                    id_reuse_policy=reuse,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    search_attributes=search_attributes(attributes or {}),
                    static_summary=summary,
                    rpc_timeout=ATTEMPT,
                )
            except WorkflowAlreadyStartedError:
                return False
            return True

        return self._patiently(attempt)

    def signal(self, id: str, name: str, *arguments: object) -> bool:
        """Send a signal; False when no such workflow runs."""

        async def attempt() -> bool:
            handle = self.client.get_workflow_handle(id)
            return await _if_there(handle.signal(name, args=list(arguments), rpc_timeout=ATTEMPT))

        return self._patiently(attempt)

    def poke(self, id: str, what: str = "") -> bool:
        """Tell a workflow that something came in: in a run in one phase (`phase/visit`) or in any."""
        return self.signal(id, POKE, *([what] if what else []))

    def cancel(self, id: str) -> bool:
        """Ask a workflow to cancel itself, compensating; False when no such workflow runs."""

        async def attempt() -> bool:
            return await _if_there(self.client.get_workflow_handle(id).cancel(rpc_timeout=ATTEMPT))

        return self._patiently(attempt)

    def result(self, id: str, within: float, kind: type | None = None) -> Any:
        """Wait for a workflow's result, through any outage, at most `within` seconds.

        Raises:
            WorkflowFailureError: when it failed or was cancelled.
            TimeoutError: when it has not ended in time.
        """
        until = time.monotonic() + within

        async def attempt() -> Any:
            handle: WorkflowHandle[Any, Any] = self.client.get_workflow_handle(id, result_type=kind)
            return await asyncio.wait_for(handle.result(), max(0.1, until - time.monotonic()))

        return self._patiently(attempt, within)

    def query(self, id: str, name: str, *arguments: object, kind: type | None = None) -> Any:
        """Ask a workflow for something; needs a worker."""

        async def attempt() -> Any:
            handle = self.client.get_workflow_handle(id)
            return await handle.query(name, args=list(arguments), result_type=kind, rpc_timeout=ATTEMPT)

        return self._patiently(attempt)

    def look(self, id: str) -> Seen | None:
        """What Temporal says about a workflow; `None` when it knows none of that id."""

        async def attempt() -> Seen | None:
            try:
                found = await self.client.get_workflow_handle(id).describe(rpc_timeout=ATTEMPT)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return None
                raise
            return seen(found)

        return self._patiently(attempt)

    def troubles(self, id: str) -> list[Trouble]:
        """What fails and is tried again in one workflow, with the reason of the last attempt.

        `attempt` is how often it has failed. A workflow whose own code fails is one of them, under its own type.
        """

        async def attempt() -> Sequence[Trouble]:
            try:
                found = await self.client.get_workflow_handle(id).describe(rpc_timeout=ATTEMPT)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return []
                raise
            return troubles_in(found)

        return [*self._patiently(attempt)]

    def stuck(self, community: str, *, limit: int = 10_000) -> list[Trouble]:
        """What fails and is tried again in all workflows of a community, longest first, with since when."""
        query = f"TrellisCommunity = '{community}' AND ExecutionStatus = 'Running'"

        async def attempt() -> list[Trouble]:
            turn = asyncio.Semaphore(AT_ONCE)

            async def look(id: str) -> list[Trouble]:
                async with turn:
                    handle = self.client.get_workflow_handle(id)
                    try:
                        failing = troubles_in(await handle.describe(rpc_timeout=ATTEMPT))
                    except RPCError as error:
                        if error.status is RPCStatusCode.NOT_FOUND:
                            return []
                        raise
                    return [replace(one, since=one.since or await asked_at(handle, one.activity)) for one in failing]

            ids = [one.id async for one in self.client.list_workflows(query, limit=limit)]
            found = [one for some in await asyncio.gather(*map(look, ids)) for one in some]
            return sorted(found, key=lambda one: (one.since is None, one.since or 0, one.workflow))

        return self._patiently(attempt)

    def list(self, query: str, limit: int = 1000) -> list[Seen]:
        """Workflows by a visibility query, at most `limit`; visibility lags a little behind."""

        async def attempt() -> list[Seen]:
            return [seen(one) async for one in self.client.list_workflows(query, limit=limit)]

        return self._patiently(attempt)

    def count(self, query: str) -> int:
        """How many workflows a visibility query finds."""

        async def attempt() -> int:
            return (await self.client.count_workflows(query, rpc_timeout=ATTEMPT)).count

        return self._patiently(attempt)

    def pollers(self, within: float = PATIENCE) -> int:
        """How many workers ask this queue for workflow tasks; 0 means that nothing will move."""

        async def attempt() -> int:
            answer = await self.client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=self.client.namespace,
                    task_queue=TaskQueue(name=self.queue),
                    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
                ),
                timeout=ATTEMPT,
            )
            return len(answer.pollers)

        return self._patiently(attempt, within)

    @contextmanager
    def working(
        self, crew: runtime.Crew, *, threads: int = runtime.THREADS, strict: bool = False
    ) -> Iterator[Callable[[], bool]]:
        """Be a worker oneself, in a thread; leaving waits for running activities. Arguments as of `build_worker`.

        Yields:
            a function that says whether the worker still works.

        Raises:
            RuntimeError: on leaving, when the worker had died meanwhile.
        """

        def build() -> Worker:
            return runtime.build_worker(self.client, crew, queue=self.queue, threads=threads, strict=strict)

        async def begin() -> tuple[Worker, asyncio.Task[None]]:
            try:
                worker = build()
            except RuntimeError:  # the client knows a worker that has ended as long as anybody holds it
                gc.collect()
                worker = build()
            return worker, asyncio.create_task(worker.run())

        async def end() -> None:
            if not running.done():
                await worker.shutdown()
            await running

        worker, running = self.run(begin())
        try:
            yield lambda: not running.done()
        finally:
            try:
                self.run(end())
            except Exception as error:
                raise RuntimeError(f"the worker of this process died: {error}") from error

    def close(self) -> None:
        """Let go of the connection and end the thread."""
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _patiently(self, attempt: Callable[[], Coroutine[Any, Any, T]], within: float = PATIENCE) -> T:
        until = time.monotonic() + within
        while True:
            try:
                return self.run(attempt(), max(0.1, until - time.monotonic()) + 1)
            except RPCError as error:
                if error.status not in AWAY or time.monotonic() >= until:
                    raise
                time.sleep(0.2)


async def _if_there(sent: Coroutine[Any, Any, None]) -> bool:
    try:
        await sent
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True
