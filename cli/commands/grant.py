"""`trellis grant` and `trellis revoke`: a title given or taken back by hand, with a reason that is kept."""

from typing import Annotated

import typer

from cli.options import As, Community, Json

Member = Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the member.")]
Title = Annotated[str, typer.Argument(metavar="TITLE", help="Id of the title.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit log.")]
Of = Annotated[str, typer.Option("--of", metavar="VALUE", help="The value, of a title that is held per value.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("grant")(grant)
    app.command("revoke")(revoke)


def grant(
    member: Member,
    title: Title,
    reason: Reason,
    of: Of = "",
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Ends then, or after so long (6mo); else by its term.")
    ] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Give a member a title by hand, as those may whom its `granted_by` names; it ends after its term."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.granting import grant as give
    from operations.ports.audit import OPERATOR

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        held = give(
            remembered.desk, remembered.audit, spec, member=member, title=title, value=of, until=until,
            by=by or OPERATOR, reason=reason, at=datetime.now(UTC),
        )  # fmt: skip
    ends = "for life" if held.until is None else f"until {held.until.astimezone(spec.zone):%Y-%m-%d %H:%M}"
    out.data({"ok": True, "title": asdict(held)})
    out.say(f"{member} holds {title}, {ends}.")


def revoke(
    member: Member,
    title: Title,
    reason: Reason,
    of: Of = "",
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Take a title back by hand, as those may who could give it."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.granting import take_back
    from operations.ports.audit import OPERATOR

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        take_back(
            remembered.desk, remembered.audit, spec, member=member, title=title, value=of,
            by=by or OPERATOR, reason=reason, at=datetime.now(UTC),
        )  # fmt: skip
    out.data({"ok": True, "member": member, "title": title, "of": of})
    out.say(f"{member} does not hold {title} any more.")
