"""`trellis contacts`: who of the staff looks after whom, and who did before."""

from datetime import datetime
from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("contacts")(contacts)


def contacts(
    member: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One member or cohort, also with who it was before.")
    ] = None,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", help="Whom this colleague has.")] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """List who is whose contact, host or tutor: exactly one of each at a time. `trellis staff leave` hands over."""
    from cli.console import Output
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = remembered.touch.assignments(spec.id, member=member, person=person, ended=member is not None)

    def day(at: datetime | None) -> str | None:
        return None if at is None else f"{at.astimezone(spec.zone):%Y-%m-%d %H:%M}"

    rows = [
        {
            "whom": one.member,
            "as": one.relation,
            "person": one.person,
            "role": one.role,
            "since": one.since,
            "until": one.ended_at,
            "why": one.ended_why,
        }
        for one in found
    ]
    out.data({"community": spec.id, "contacts": rows})
    out.table(
        f"Contacts of {spec.id}: {len(rows):,}"
        if member is None
        else f"All contacts that {member} ever had: {len(rows)}",
        ["whom", "as", "person", "role", "since", "until", "why it ended"],
        [
            [one.member, one.relation, one.person, one.role, day(one.since), day(one.ended_at), one.ended_why]
            for one in found
        ],
    )
