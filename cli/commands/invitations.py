"""`trellis invitations` and `trellis answer`: what members are asked, and what they say."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("invitations")(invitations)
    app.command("answer")(answer)


def invitations(
    member: Annotated[str | None, typer.Option("--member", metavar="ID", help="Only this member's.")] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show the invitations that wait for an answer, the most urgent first."""
    from cli.console import Output
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = remembered.memberships.invitations(spec.id, member)
        rows = [(one.id, one.member, one.ladder, one.to, one.due) for one in found]
        out.data(
            {
                "invitations": [
                    {"id": id_, "member": who, "ladder": ladder, "to": to, "due": due}
                    for id_, who, ladder, to, due in rows
                ]
            }
        )
        shown = [(id_, who, to, due.astimezone(spec.zone).strftime("%Y-%m-%d %H:%M") if due else None)
                 for id_, who, _, to, due in rows]  # fmt: skip
        out.table("Open invitations", ["id", "member", "to", "answer by"], shown)


def answer(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="Who answers.")],
    accept: Annotated[bool, typer.Option("--accept/--decline", help="Yes or no.")],
    id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="The invitation, as `trellis invitations` shows it; if there are several."),
    ] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Answer an invitation for a member; the first answer stands."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import room
    from operations.errors import Refusal
    from workflows import turns

    out = Output(json)
    with room() as found:
        spec = found.memory.specs.current(community)
        if id is None:
            offered = found.memory.memberships.invitations(spec.id, member)
            if len(offered) != 1:
                few = "no open invitation" if not offered else f"{len(offered)} open invitations"
                raise Refusal(f"{member} has {few}.", "`trellis invitations` lists them; name one by its id.")
            id = offered[0].id
        known = found.memory.memberships.get(spec.id, id)
        if known is None or known.member != member:
            raise Refusal(f"{member} has no invitation {id}.", f"See `trellis invitations --member {member}`.")
        said = "accept" if accept else "decline"
        done = found.memory.memberships.answer(spec.id, id, answer=said, at=datetime.now(UTC))
        found.gateway.signal(done.workflow, turns.POKE)
        out.data({"ok": True, "id": id, "member": member, "answer": said})
        out.say(f"{member} {'accepts' if accept else 'declines'} {done.to}.")
