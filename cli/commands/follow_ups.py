"""`trellis follow-ups`: advice and actions, and what became of each."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.options import As, Community, Json, refuse_other

STATES = ("open", "in-work", "done", "declined")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("follow-ups")(follow_ups)
    app.command("follow-up")(follow_up)


def follow_ups(
    run: Annotated[str | None, typer.Option("--run", help="Only those of this run.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="open, in-work, done or declined.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Whose answer is awaited, e.g. role:planner.")] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """List advice of councils and actions of retrospectives, those due first; each with its answer and the reason."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.given import run_named
    from cli.wiring import memory

    out = Output(json)
    refuse_other(state, STATES, "--state")
    now = datetime.now(UTC)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        run_id = run_named(remembered.runs, spec.id, run).id if run else None
        found = remembered.follow_ups.find(spec.id, run=run_id, state=state, owner=owner)
    out.data({"follow_ups": [asdict(one) for one in found]})
    rows = [
        [
            one.id,
            one.text,
            one.owner,
            one.state + (" (late)" if one.state == "open" and one.due is not None and one.due < now else ""),
            one.reason,
            f"{one.due.astimezone(spec.zone):%Y-%m-%d}" if one.due else None,
            f"{one.told_at.astimezone(spec.zone):%Y-%m-%d} {one.told_by}" if one.told_at else None,
        ]
        for one in found
    ]
    out.table("", ["follow-up", "what", "whose", "state", "reason", "until", "answered"], rows)


def follow_up(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `trellis follow-ups` shows it.")],
    state: Annotated[str, typer.Option("--state", help="in-work, done or declined.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why; a refusal needs one.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Of work in hand: until when.")] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Answer advice or an action: it is in work, done, or declined with the reason."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory
    from operations.follow_ups import answer

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        told = answer(
            remembered.house,
            spec,
            id_,
            state=state,
            reason=reason,
            until=moment(until, spec.zone, "--until") if until else None,
            by=by or "operator",
            at=datetime.now(UTC),
        )
    out.data({"follow_up": asdict(told)})
    out.say(f"{told.id}: {told.state}.")
