"""`trellis cohorts`: the groups that members are divided into, who is in them and who looks after them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Community, Json

if TYPE_CHECKING:
    from cli.console import Output
    from cli.memory import Memory
    from operations.ports.touch import Cohort
    from rules.spec import Community as Spec


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cohorts")(cohorts)


def cohorts(
    cohort: Annotated[str | None, typer.Argument(metavar="[ID]", help="One cohort, with its members.")] = None,
    partition: Annotated[str | None, typer.Option("--of", metavar="ID", help="Only those of this partition.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Also those that have closed.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Bring them up to date first, as a review does.")] = False,
    community: Community = None,
    json: Json = False,
) -> None:
    """List cohorts with what their members share, how many they are, and their host with the load of that host."""
    from cli.console import Output
    from cli.wiring import memory
    from operations.errors import Refusal
    from operations.keep_touch import keep_touch

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        if partition is not None and partition not in spec.cohorts:
            known = ", ".join(spec.cohorts) or "none"
            raise Refusal(f"{spec.id} has no partition {partition!r}.", f"Partitions: {known}.")
        changed = keep_touch(remembered.desk, spec, at=datetime.now(UTC), start=False).counts() if update else None
        found = remembered.touch.cohorts(spec.id, partition, closed=closed or cohort is not None)
        if cohort is not None:
            one = next((one for one in found if one.id == cohort), None)
            if one is None:
                raise Refusal(f"{spec.id} has no cohort {cohort!r}.", "`trellis cohorts` lists them.")
            _one(out, remembered, spec, one)
            return
        loads = {one.person: one.members for one in remembered.touch.loads(spec.id)}
    rows = [_row(spec, one, loads) for one in found]
    out.data({"community": spec.id, "cohorts": rows, **({"changed": changed} if changed is not None else {})})
    out.table(
        f"Cohorts of {spec.id}: {len(rows):,}",
        ["cohort", "name", "members", "size", "host", "host looks after"],
        [
            [
                one["id"], one["title"]["en"], one["members"], "–".join(map(str, one["size"])) if one["size"] else None,
                one["host"], one["host_load"],
            ]
            for one in rows
        ],
        right=["members", "host looks after"],
    )  # fmt: skip
    if changed:
        out.say("Changed now: " + ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in changed.items()))


def _row(spec: "Spec", one: "Cohort", loads: dict[str, int]) -> dict[str, Any]:
    from operations.cohorts import name_of

    declared = spec.cohorts.get(one.partition)
    return {
        "id": one.id,
        "partition": one.partition,
        "title": name_of(spec, one),
        "shares": dict(zip(declared.by, one.key, strict=False)) if declared is not None else {},
        "members": one.size,
        "size": list(declared.size) if declared is not None else None,
        "host": one.host,
        "host_load": loads.get(one.host) if one.host is not None else None,
        "opened_at": one.opened_at,
        "closed_at": one.closed_at,
    }


def _one(out: "Output", remembered: "Memory", spec: "Spec", one: "Cohort") -> None:
    loads = {load.person: load.members for load in remembered.touch.loads(spec.id)}
    members = remembered.touch.members_of(spec.id, [one.id])[one.id]
    hosts = remembered.touch.assignments(spec.id, member=one.id, ended=True)
    row = _row(spec, one, loads)
    out.data(
        {
            **row,
            "members": list(members),
            "hosts": [{"person": h.person, "since": h.since, "until": h.ended_at, "why": h.ended_why} for h in hosts],
        }
    )
    out.table(f"{one.id}: {row['title']['en']}", ["member"], [[member] for member in members])
    out.table(
        "Hosts",
        ["host", "since", "until"],
        [[host.person, _day(host.since, spec), _day(host.ended_at, spec)] for host in hosts],
    )


def _day(at: datetime | None, spec: "Spec") -> str | None:
    return None if at is None else f"{at.astimezone(spec.zone):%Y-%m-%d}"
