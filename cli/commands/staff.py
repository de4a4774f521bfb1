"""`trellis staff`: who is in which role of the operating team, and how much each of them carries."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.options import As, Community, Json

staff = typer.Typer(name="staff", help="Who is in which role of the operating team.", no_args_is_help=True)

Role = Annotated[str, typer.Argument(help="A role of the community, e.g. planner.")]
Person = Annotated[str, typer.Argument(help="The colleague's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(staff)


@staff.command("list")
def list_(community: Community = None, json: Json = False) -> None:
    """List everybody in every role: whom they look after, of how many at most, and what they have claimed."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.wiring import memory
    from operations.staffing import team

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        people = team(remembered.effects, remembered.inbox, spec)
        empty = [role for role in spec.roles if not any(one.role == role for one in people)]
    out.data({"staff": [{**asdict(one), "full": one.full} for one in people], "empty": empty})
    out.table(
        "",
        ["role", "person", "looks after", "of at most", "has claimed"],
        [[one.role, one.person, one.looks_after, one.capacity, one.items] for one in people],
        right=["looks after", "of at most", "has claimed"],
    )
    if empty:
        out.say(f"Nobody is in: {', '.join(empty)}.")


@staff.command("appoint")
def appoint(role: Role, person: Person, by: As = None, community: Community = None, json: Json = False) -> None:
    """Put somebody into a role; whoever waited for somebody has them now, as far as there is room."""
    from cli.console import Output
    from cli.wiring import memory
    from operations.keep_touch import keep_touch
    from operations.staffing import appoint as put

    out = Output(json)
    at = datetime.now(UTC)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with remembered.together():
            put(remembered.effects, spec, role, person)
            remembered.audit.note(
                spec.id,
                actor=by or "operator",
                verb="appoint",
                what=person,
                at=at,
                details={"role": role},
            )
            keep_touch(remembered.desk, spec, at=at, start=False)
        mine = remembered.touch.assignments(spec.id, person=person)
    given = [{"whom": one.member, "as": one.relation} for one in mine if one.role == role and one.since == at]
    out.data({"role": role, "person": person, "looks_after": given})
    out.say(f"{person} is {spec.roles[role].title.en} now.")
    if given:
        out.table("Looks after", ["whom", "as"], [list(one.values()) for one in given])


@staff.command("leave")
def leave(role: Role, person: Person, by: As = None, community: Community = None, json: Json = False) -> None:
    """Take somebody out of a role; whomever they looked after goes to colleagues who have room."""
    from cli.console import Output
    from cli.wiring import memory
    from operations.handover import hand_over

    out = Output(json)
    at = datetime.now(UTC)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with remembered.together():
            done = hand_over(remembered.house, spec, role, person, at=at)
            remembered.audit.note(
                spec.id,
                actor=by or "operator",
                verb="leave-role",
                what=person,
                at=at,
                details={"role": role, "handed": len(done.moved), "left": len(done.left)},
            )
    handed = [{"whom": one.member, "as": one.relation, "to": one.to, "role": one.role} for one in done.moved]
    left = [{"whom": one.member, "as": one.relation} for one in done.left]
    out.data({"role": role, "person": person, "handed": handed, "left": left})
    out.say(f"{person} is not {spec.roles[role].title.en} any more.")
    if handed:
        out.table("Handed over", ["whom", "as", "to", "role"], [list(one.values()) for one in handed])
    if left:
        names = ", ".join(one.member for one in done.left)
        out.say(f"Nobody has room for {names}: they stay with {person} until somebody has; the inbox asks for it.")
