"""`trellis pin`, `unpin` and `move`: an operator's hand on a standing, with a reason that is kept."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Community, Json, whoever

if TYPE_CHECKING:
    from cli.console import Output
    from operations.ports.standings import ByHand

Member = Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the member.")]
Tier = Annotated[str, typer.Argument(metavar="TIER", help="The tier they are put into.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept and shown by `explain`.")]
By = Annotated[
    str | None,
    typer.Option(
        "--as", "--by", metavar="PERSON", envvar="TRELLIS_AS", help="Who does it; else whoever is logged in here."
    ),
]
OfLadder = Annotated[
    str | None, typer.Option("--ladder", metavar="ID", help="Which ladder, where there are several: tier, work@audio.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("pin")(pin)
    app.command("unpin")(unpin)
    app.command("move")(move)


def pin(
    member: Member,
    tier: Tier,
    reason: Reason,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="The pin is over from then on; else `unpin` ends it.")
    ] = None,
    ladder: OfLadder = None,
    by: By = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Put a member into a tier and hold them there: no review moves them until the pin ends."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory
    from operations import by_hand

    with memory() as remembered:
        spec = remembered.specs.current(community)
        ends = None if until is None else moment(until, spec.zone, "--until")
        place = by_hand.place_of(remembered.desk, spec, member, ladder, tier)
        act = by_hand.pin(
            remembered.desk, spec, place, tier, by=by or whoever(), reason=reason, at=datetime.now(UTC), until=ends
        )
    end = "until somebody unpins them" if ends is None else f"until {ends.astimezone(spec.zone):%Y-%m-%d %H:%M}"
    _tell(Output(json), act, f"{member} is held in {tier}, {end}.")


def move(
    member: Member,
    tier: Tier,
    reason: Reason,
    ladder: OfLadder = None,
    by: By = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Put a member into a tier; from there on the rules decide again, at the next review."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations import by_hand

    with memory() as remembered:
        spec = remembered.specs.current(community)
        place = by_hand.place_of(remembered.desk, spec, member, ladder, tier)
        act = by_hand.move(remembered.desk, spec, place, tier, by=by or whoever(), reason=reason, at=datetime.now(UTC))
    _tell(Output(json), act, f"{member} went from {act.from_} to {tier}.")


def unpin(
    member: Member,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, if there is something to say.")] = "",
    ladder: OfLadder = None,
    by: By = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Let reviews move a member again."""
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations import by_hand

    with memory() as remembered:
        spec = remembered.specs.current(community)
        place = by_hand.pinned_place(remembered.desk, spec, member, ladder)
        act = by_hand.unpin(remembered.desk, spec, place, by=by or whoever(), at=datetime.now(UTC), reason=reason)
    _tell(Output(json), act, f"{member} is free to move again; the next review decides.")


def _tell(out: "Output", act: "ByHand", sentence: str) -> None:
    out.data(
        {
            "act": act.what, "number": act.number, "member": act.place.member, "ladder": act.place.ladder,
            "value": act.place.value or None, "at": act.at, "from": act.from_, "to": act.to, "until": act.until,
            "by": act.by, "reason": act.reason,
        }
    )  # fmt: skip
    out.say(sentence)
