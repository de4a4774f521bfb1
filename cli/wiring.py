"""Wiring: where the ports meet their adapters, and a command meets the servers.

`memory()` is for a command that only remembers; `room()` adds Temporal, for one that starts or moves
something. Both take the servers that the environment names (`DATABASE_URL`, `TEMPORAL_ADDRESS`), those
that `trellis up` runs, or start embedded ones for as long as the command lasts.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.home import Home
from cli.memory import Memory
from operations.errors import Refusal

if TYPE_CHECKING:
    from workflows.gateway import Gateway
    from workflows.runtime import Crew

WAIT_FOR_ANOTHER = 60.0  # seconds a command waits for another that runs servers of its own


@dataclass(frozen=True, slots=True)
class Room:
    """Memory and Temporal together."""

    memory: Memory
    gateway: "Gateway"
    ui: str | None  # Temporal's own console, when we run it


def crew(memory: Memory, gateway: "Gateway") -> "Crew":
    """What a worker of this installation can do: every workflow, and every activity with its ports."""
    from workflows.activities.moves import Moves
    from workflows.activities.notices import Notices
    from workflows.activities.process import ProcessActivities
    from workflows.carriers import carriers
    from workflows.children import Children
    from workflows.conduct import Conduct
    from workflows.launch import Launcher
    from workflows.membership import Membership
    from workflows.outbox import Outbox
    from workflows.process import Process
    from workflows.review import Review
    from workflows.runtime import Crew

    children = Children(Launcher(memory.house, gateway), gateway)
    process = ProcessActivities(Conduct(memory.house, children=children))
    notices = Notices(
        memory.specs,
        memory.outbox,
        memory.effects,
        carriers,
        starter=TaskStarter(memory, gateway),
        planner=planner(memory),
        reminder=reminder(memory),
        launcher=lambda community: children.launcher.launch_waiting(community, now=datetime.now(UTC)),
    )
    return Crew(
        workflows=[Process, Review, Membership, Outbox],
        activities=[
            process.read_course,
            process.open_phase,
            process.check_phase,
            process.stop_phases,
            process.finish_run,
            process.move_run,
            *Moves(memory.desk, gateway).activities(),
            *notices.activities(),
        ],
    )


def planner(memory: Memory) -> Callable[[str], int]:
    """What attaches their plans to the proposals of a community that wait for one."""

    def attach(community: str) -> int:
        from operations.proposals import plan_waiting
        from workflows.phases import discover

        at = datetime.now(UTC)
        return plan_waiting(memory.desk, memory.runs, memory.proposals, discover(), community, at=at)

    return attach


def reminder(memory: Memory) -> Callable[[str], int]:
    """What writes the reminders and escalations of a community that are due by now."""

    def remind(community: str) -> int:
        from operations.reminding import Reminders

        spec = memory.specs.current(community)
        reminders = Reminders(inbox=memory.inbox, outbox=memory.outbox, effects=memory.effects, community=spec)
        woken = 0
        while True:
            with memory.together():
                taken = reminders.sweep(datetime.now(UTC))
            woken += taken
            if not taken:
                return woken

    return remind


class TaskStarter:
    """Starts the runs that effects ask for; the port `operations.ports.effects.Starter`."""

    def __init__(self, memory: Memory, gateway: "Gateway") -> None:
        self._memory, self._gateway = memory, gateway

    def start(
        self,
        community: str,
        task: str,
        *,
        key: str,
        subject: str | None,
        arguments: Mapping[str, Any],
        at: datetime,
        scale: str | None = None,
        seed: str | None = None,
    ) -> str:
        """Start a run once for this key; with a seed it is rehearsed. Returns its id."""
        from operations.rehearsal import lot
        from workflows.launch import Launcher

        run = Launcher(self._memory.house, self._gateway).start(
            task,
            community=community,
            subject=subject,
            args=arguments,
            at=at,
            key=key,
            scale=scale,
            rehearsed=seed is not None,
            seed=None if seed is None else lot(seed, key) % 2**31,
        )
        return run.id


@contextmanager
def memory() -> Iterator[Memory]:
    """The memory, ready to use: the schema is brought up to date first.

    Raises:
        Refusal: when the database cannot be reached or is not PostgreSQL.
    """
    from cli.accounting import accounted
    from store.embedded import Postgres, embedded_folder
    from store.engine import open_engine
    from store.schema import prepare

    with ExitStack() as stack:
        url = os.environ.get("DATABASE_URL")
        if not url:
            url = stack.enter_context(Postgres(embedded_folder(Home.here().root))).url
        engine = open_engine(url)
        stack.callback(engine.dispose)
        prepare(engine)
        remembered = Memory(engine)
        with accounted(remembered):
            yield remembered


@contextmanager
def room() -> Iterator[Room]:
    """Memory and Temporal. Where nothing runs, both are started for the command, with a worker in its process.

    Raises:
        Refusal: when a server cannot be reached.
    """
    with servers("command") as (found, is_ours), ExitStack() as stack:
        if is_ours:
            stack.enter_context(found.gateway.working(crew(found.memory, found.gateway)))
        yield found


@contextmanager
def servers(kind: str) -> Iterator[tuple[Room, bool]]:
    """Memory and Temporal, and whether this process started Temporal for itself.

    Args:
        kind: `up` for a process that others may attach to, `command` for one that they wait for.

    Raises:
        Refusal: when a server cannot be reached.
    """
    from workflows.gateway import Gateway
    from workflows.runtime import external_address

    home = Home.here()
    with ExitStack() as stack:
        remembered = stack.enter_context(memory())
        if external_address():
            yield Room(remembered, stack.enter_context(Gateway()), None), False
            return
        running = stack.enter_context(tenancy(home, kind))
        if running is not None:
            gateway = stack.enter_context(Gateway(str(running["temporal"])))
            yield Room(remembered, gateway, str(running["ui"]) if running.get("ui") else None), False
            return
        from workflows.server import TemporalServer

        server = stack.enter_context(TemporalServer(home.temporal, home.log("temporal")))
        if kind == "up":
            home.keep_note("servers", {"kind": kind, "temporal": server.address, "ui": server.ui_address})
        gateway = stack.enter_context(Gateway(server.address))
        yield Room(remembered, gateway, server.ui_address), True


@contextmanager
def tenancy(home: Home, kind: str, wait: float = WAIT_FOR_ANOTHER) -> Iterator[dict[str, object] | None]:
    """Whether this process is the one that runs the servers of the state folder.

    Args:
        home: the state folder.
        kind: `up` for one that others may attach to, `command` for one that they wait for.
        wait: seconds to wait for a command.

    Yields:
        `None` when it is (and nobody else can be until it leaves), otherwise what the one that is has noted:
        `temporal`, its address, and `ui`.

    Raises:
        Refusal: when another command runs servers of its own for too long.
    """
    lock = os.open(home.run / "servers.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + wait
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = home.note("servers")
                if running.get("kind") == "up" and "temporal" in running:
                    yield running
                    return
                if time.monotonic() > until:
                    raise Refusal(
                        "Another trellis command runs servers of its own in this folder.",
                        "Wait until it is done, or run `trellis up`, which all commands share.",
                    ) from None
                time.sleep(0.1)
            else:
                break
        home.keep_note("servers", {"kind": kind})
        try:
            yield None
        finally:
            home.forget("servers")
    finally:
        os.close(lock)
