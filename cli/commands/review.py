"""`trellis review`: look at everybody now, and carry out what needs nobody's word."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import At, Community, Json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cli.console import Output
    from cli.wiring import Room

TOO_LONG = 3600.0  # seconds for one review


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("review")(review)


def review(
    at: At = None,
    community: Community = None,
    part: Annotated[
        list[str] | None, typer.Option("--part", help="Only this: lifecycle, a ladder, or rules; may be repeated.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", help="How fast clocks of what it begins run, such as 1d=1s.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option("--seed", help="Simulate whoever is asked for a word; the same seed, the same words.")
    ] = None,
    json: Json = False,
) -> None:
    """Review stages, tiers and rules now, or as of a time: who moves, who is asked, what follows.

    Whoever needs nobody's word moves at once; for the others somebody is asked (see `trellis invitations` and
    `trellis inbox`). A review that is interrupted goes on where it was.
    """
    from datetime import UTC, datetime, timedelta

    from cli.console import Output
    from cli.options import moment
    from cli.wiring import room
    from rules.time import ClockScale

    out = Output(json)
    if scale is not None:
        from operations.errors import Refusal

        try:
            ClockScale.parse(scale)
        except ValueError as wrong:
            raise Refusal(f"--scale: {wrong}.") from None
    with room() as found:
        spec = found.memory.specs.current(community)
        when = moment(at, spec.zone)
        if when > datetime.now(UTC) + timedelta(hours=1):
            day = f"{when.astimezone(spec.zone):%Y-%m-%d}"
            out.warn(f"trellis: {day} is still to come: whoever moves now, moves as of then.")
            out.warn(f"         To look ahead without moving anybody: trellis plan DIR --at {day}")
        with out.progress("reviewing") as step:
            step.note(f"{spec.id} as of {when.isoformat()}")
            summary = reviewed(found, spec.id, when, parts=part, scale=scale, seed=seed, say=_say(out))
        sizes = found.memory.standings.sizes(spec)
        waiting = found.memory.standings.waiting(spec.id)
        out.data({**summary, "community": spec.id, "standings": sizes, "waiting": waiting})
        _show(out, summary, sizes, waiting)


def reviewed(
    found: "Room",
    community: str,
    at: "datetime",
    *,
    parts: list[str] | None = None,
    scale: str | None = None,
    seed: str | None = None,
    say: "Callable[[str], None]",
) -> dict[str, Any]:
    """Begin a review and wait for its summary; what fails meanwhile is said.

    Raises:
        Refusal: something in it is refused for good.
        RuntimeError, TimeoutError: it failed, or has not ended within an hour.
    """
    from cli.awaited import awaited
    from workflows import turns

    given = turns.ReviewInput(community=community, at=at, parts=tuple(parts) if parts else None, scale=scale, seed=seed)
    name = f"{community}/review/{at:%Y-%m-%dT%H%M%SZ}"
    found.gateway.start(
        turns.REVIEW,
        given,
        id=name,
        attributes={"TrellisCommunity": community},
        summary=f"review of {community}",
        again=True,
    )
    summary = awaited(found, name, turns.ReviewSummary, within=TOO_LONG, say=say)
    return dict(summary.model_dump(mode="json"))


def _say(out: "Output") -> "Callable[[str], None]":
    return lambda text: out.warn(f"trellis: {text}")


def _show(out: "Output", summary: dict[str, Any], sizes: Any, waiting: int) -> None:
    rows = [(part, name, number) for part, counts in summary["parts"].items() for name, number in counts.items()]
    out.table(f"Review {summary['review']}", ["part", "outcome", "members"], rows, right=["members"])
    stands = [(ladder, tier, number) for ladder, tiers in sizes.items() for tier, number in tiers.items()]
    out.table("Where members stand", ["ladder", "tier", "members"], stands, right=["members"])
    if summary.get("trial"):
        from operations.ports.trials import shown

        out.say(
            f"{shown(summary['share'])} of the members were judged under {summary['trial'][:19]}, which is on trial."
        )
        if any("trial_halted" in counts for counts in summary["parts"].values()):
            out.say(f"It was stopped: `trellis versions {summary['trial'][7:19]}` says why.")
    if waiting:
        out.say(
            f"{waiting:,} member{'s wait' if waiting > 1 else ' waits'} for somebody's word: `trellis invitations`."
        )
