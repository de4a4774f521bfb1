"""Runtime: how a process meets Temporal, the same in production, in a command and in a test.

The connection comes from Temporal's own environment configuration (`TEMPORAL_ADDRESS`,
`TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, TLS, profiles). Messages are pydantic models; with
`TRELLIS_PAYLOAD_CODEC=package.module:factory` every payload goes through the codec that the factory
makes (encryption, say), and the server never sees the plain text.

The sandbox forbids workflow code clocks, files and randomness by loading it anew, with watched modules, for
every single workflow. Measured: 33 ms of CPU each when all of ours is reloaded, 5.4 ms when only the module of
the workflow is. Even when nothing is reloaded it compiles a few lines of its own for every step and every message of a
workflow, which was a third of what a worker did. So tests are strict (the workflow's module is reloaded and watched,
whatever it may do wrong fails there) and production has no sandbox; import contracts keep `rules` free of I/O and
workflow modules away from `store` in both.

The versioning behaviour is the worker's, never a workflow class's: a class that names one hangs silently on
a worker without versions.
"""

import asyncio
import contextlib
import dataclasses
import functools
import importlib
import logging
import os
import pkgutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConfigProfile
from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig
from temporalio.runtime import TelemetryFilter as Levels
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from operations.errors import Refusal
from rules.errors import RuleRefusal

QUEUE = "trellis"  # the one task queue; adding workers is all the scaling there is
CACHED = 4_000  # runs that one worker holds in memory; others are told again from their history when something comes
STICKY = timedelta(seconds=30)  # how long a run waits for the worker that holds it before any other may read it anew
THREADS = 16  # activities at once in one worker process; each holds a database connection while it runs
GRACE = timedelta(seconds=20)  # how long running activities may finish after a stop was asked for
PASSED_THROUGH = ("rules", "operations", "pydantic", "pydantic_core", "annotated_types", "ruamel")
CONNECT_WITHIN = 60.0  # seconds a process waits for Temporal to answer before it gives up


@dataclass(frozen=True, slots=True)
class Crew:
    """What a worker can do: workflow classes, and activities as bound methods of objects that hold their ports."""

    workflows: Sequence[type]
    activities: Sequence[Callable[..., Any]]


def external_address() -> str | None:
    """The address of a Temporal that the environment or a profile names; `None` means the embedded one."""
    return ClientConfigProfile.load().address


async def connect(address: str | None = None, *, within: float = CONNECT_WITHIN) -> Client:
    """Connect to Temporal, waiting for it if it is just starting.

    Args:
        address: of the embedded server; `None` takes everything from the environment.
        within: seconds to keep trying.

    Raises:
        Refusal: when nothing answers in time.
    """
    config = ClientConfig.load_client_connect_config()
    if address is not None:
        config["target_host"] = address
    until = asyncio.get_running_loop().time() + within
    while True:
        try:
            return await Client.connect(**config, data_converter=converter(), runtime=_runtime())
        except RuntimeError as error:  # what the SDK raises when nobody listens
            if asyncio.get_running_loop().time() >= until:
                raise Refusal(
                    f"Temporal does not answer at {config.get('target_host', 'localhost:7233')}.",
                    "Check TEMPORAL_ADDRESS, or unset it and run `trellis up`.",
                ) from error
            await asyncio.sleep(0.2)


class Payloads(PydanticPayloadConverter):
    """The same for everybody in a process: the SDK makes one for every step, which would learn all types anew."""

    def __init__(self) -> None:
        self.__dict__.update(vars(_payloads()))


@functools.cache
def _payloads() -> PydanticPayloadConverter:
    return PydanticPayloadConverter()


@functools.cache
def converter() -> DataConverter:
    """Pydantic models as payloads, through the codec of `TRELLIS_PAYLOAD_CODEC` if there is one.

    Raises:
        Refusal: when the codec cannot be found.
    """
    named = os.environ.get("TRELLIS_PAYLOAD_CODEC")
    plain = DataConverter(payload_converter_class=Payloads)
    if not named:
        return plain
    module, _, factory = named.partition(":")
    try:
        codec = getattr(importlib.import_module(module), factory)()
    except (ImportError, AttributeError) as error:
        raise Refusal(
            f"TRELLIS_PAYLOAD_CODEC names {named!r}, which cannot be loaded: {error}.",
            "Write package.module:factory of something installed beside trellis.",
        ) from error
    return dataclasses.replace(plain, payload_codec=codec)


def build_worker(
    client: Client, crew: Crew, *, queue: str = QUEUE, threads: int = THREADS, strict: bool = False
) -> Worker:
    """A worker for this crew; run it with `async with` or `await worker.run()`.

    Args:
        client: the connection.
        crew: what it can do.
        queue: where it asks for work.
        threads: activities at once.
        strict: reload and watch workflow code, for tests.

    With `TRELLIS_BUILD_ID` it belongs to that version of the deployment `trellis`, and open runs move on to
    the current version by themselves unless `TRELLIS_VERSIONING=pinned` keeps them where they started.
    """
    build = os.environ.get("TRELLIS_BUILD_ID")
    deployment = None
    if build:
        pinned = os.environ.get("TRELLIS_VERSIONING") == "pinned"
        deployment = WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(deployment_name="trellis", build_id=build),
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.PINNED if pinned else VersioningBehavior.AUTO_UPGRADE,
        )
    return Worker(
        client,
        task_queue=queue,
        workflows=crew.workflows,
        activities=crew.activities,
        activity_executor=ThreadPoolExecutor(threads, thread_name_prefix="activity"),
        max_concurrent_workflow_tasks=threads,  # more would wait for threads, and begin anew after 10 seconds
        sticky_queue_schedule_to_start_timeout=STICKY,
        max_concurrent_activities=threads,
        max_concurrent_local_activities=threads,
        max_cached_workflows=CACHED,
        workflow_runner=_watched(crew) if strict else UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=[Refusal, RuleRefusal],
        graceful_shutdown_timeout=GRACE,
        deployment_config=deployment,
    )


def _watched(crew: Crew) -> SandboxedWorkflowRunner:
    passed = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH, *_beside(crew))
    return SandboxedWorkflowRunner(restrictions=passed)


def _beside(crew: Crew) -> list[str]:
    """Every module of `workflows` that is not the home of one of the crew's workflows."""
    import workflows

    homes = {one.__module__ for one in crew.workflows}
    names = (f"{workflows.__name__}.{found.name}" for found in pkgutil.iter_modules(workflows.__path__))
    return [name for name in names if name not in homes]


def answer_prometheus(listen: str) -> None:
    """Have this process answer Prometheus at `host:port`; for a worker, before it connects.

    Raises:
        Refusal: when nothing can listen there.
    """
    try:
        runtime = _made(PrometheusConfig(bind_address=listen, durations_as_seconds=True))
    except ValueError as error:
        raise Refusal(
            f"TRELLIS_METRICS={listen} is no place to answer Prometheus at: {error}.",
            "Give each worker of a machine a free host:port of its own, such as 127.0.0.1:9464.",
        ) from error
    Runtime.set_default(runtime)


@functools.cache
def _runtime() -> Runtime:
    """The one runtime of this process: the one that answers Prometheus, if it was asked for, or a silent one."""
    with contextlib.suppress(RuntimeError):  # what it raises when there is one
        Runtime.set_default(_made(None))
    return Runtime.default()


def _made(metrics: PrometheusConfig | None) -> Runtime:
    """A runtime whose log goes to Python's."""
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporal"))
    logs = LoggingConfig(filter=Levels(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=logs, metrics=metrics))
