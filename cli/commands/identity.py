"""`trellis accounts`, `trellis join` and `trellis separate`: whose accounts are whose, and two who are one person."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Community, Json

if TYPE_CHECKING:
    from operations.ports.persons import Joining

Member = Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the member.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("accounts")(accounts)
    app.command("join")(join)
    app.command("separate")(separate)


def accounts(
    member: Member,
    add: Annotated[
        str | None, typer.Option("--add", metavar="SOURCE:NAME", help="Say that this account is the member's.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="The source is our own, not a public platform.")] = False,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show the accounts of a member and who was joined to them; or add an account."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.errors import Refusal
    from operations.identity import attach
    from operations.ports.persons import PRIVATE, PUBLIC

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        persons = remembered.persons
        if add is not None:
            source, colon, name = add.partition(":")
            if not colon or not name:
                raise Refusal(f"{add!r} is no account.", "Write SOURCE:NAME, e.g. weibo:lina.")
            side = PRIVATE if private else PUBLIC
            members = remembered.members(spec)
            attach(persons, members, spec, member, source, name, origin=side, at=datetime.now(UTC))
        found = persons.accounts(spec.id, member)
        joins = persons.joins(spec.id, member)
    rows = [{"source": one.source, "id": one.id, "origin": one.origin, "since": one.since} for one in found]
    out.data({"member": member, "accounts": rows, "joins": [_shown(one) for one in joins]})
    out.table(f"Accounts of {member}", ["source", "name", "from"], [[one.source, one.id, one.origin] for one in found])
    for one in joins:
        separated = one.separated_at
        end = f", separated {separated.astimezone(spec.zone):%Y-%m-%d} by {one.separated_by}" if separated else ""
        on = f"{one.at.astimezone(spec.zone):%Y-%m-%d}"
        out.say(f"{one.other} was joined to {one.kept} on {on} by {one.by}: {one.reason}{end}")


def join(
    kept: Annotated[str, typer.Argument(metavar="MEMBER", help="Who goes on.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who turned out to be the same person.")],
    reason: Reason,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Make two members one: facts, standings, points, accounts are MEMBER's from now on. `separate` undoes it."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations import identity
    from operations.ports.audit import OPERATOR

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        at, who = datetime.now(UTC), by or OPERATOR
        done = identity.join(remembered.persons, spec, kept, other, at=at, by=who, reason=reason)
        remembered.measures(spec).tidy()
    out.data(_shown(done))
    out.say(f"{other} is {kept} now; `trellis separate {other}` undoes it.")


def separate(
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who was joined to somebody.")],
    reason: Reason,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Undo a join: what was OTHER's, and what came for OTHER since, is theirs again."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations import identity
    from operations.ports.audit import OPERATOR

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        at, who = datetime.now(UTC), by or OPERATOR
        done = identity.separate(remembered.persons, spec, other, at=at, by=who, reason=reason)
        remembered.measures(spec).tidy()
    out.data(_shown(done))
    out.say(f"{other} and {done.kept} are two again.")


def _shown(one: "Joining") -> dict[str, object]:
    return {
        "kept": one.kept, "other": one.other, "at": one.at, "by": one.by, "reason": one.reason,
        "separated_at": one.separated_at, "separated_by": one.separated_by,
    }  # fmt: skip
