"""`trellis offers MEMBER` and `trellis growth MEMBER`: what is open to somebody, and what they have come to."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import At, Community, Json

if TYPE_CHECKING:
    from cli.console import Output
    from cli.memory import Memory
    from operations.growth import Line

Member = Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the member.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("offers")(offers)
    app.command("growth")(growth)


def offers(
    member: Member,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Say why, or why not, for the open phases of this run.")
    ] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show what a member may do now: what waits for them, then what suits what drives them, then the rest."""
    from cli.console import Output
    from cli.wiring import memory
    from workflows import offers as operation

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        if run is not None:
            _why(out, remembered, spec.id, member, run)
            return
        found = operation.offers(remembered.house, spec, member)
    out.data(
        {
            "member": member,
            "offers": [
                {
                    "task": one.task, "title": {"en": one.title, "zh": one.title_zh}, "run": one.run,
                    "phase": one.phase, "does": one.does, "suits": one.suits, "asked": one.asked, "until": one.until,
                }
                for one in found
            ],
        }
    )  # fmt: skip
    rows = [
        [
            f"{one.title} · {one.title_zh}",
            "waits for you" if one.asked else "suits you" if one.suits else "",
            one.does,
            one.until.astimezone(spec.zone).strftime("%Y-%m-%d %H:%M") if one.until else None,
            f"{one.run} {one.phase}",
        ]
        for one in found
    ]
    out.table(f"Open to {member}", ["task", "", "do", "until", "run and phase"], rows)


def _why(out: "Output", remembered: "Memory", community: str, member: str, run: str) -> None:
    """Each condition that the open phases of a run ask of a member, with what was found."""
    from cli.given import run_named
    from workflows.eligibility import eligibility

    known = run_named(remembered.runs, community, run)
    told = [one.data() for one in eligibility(remembered.house, known.id, member)]
    out.data({"member": member, "run": known.id, "phases": told})
    for one in told:
        out.say(f"{one['phase']}: open to {', '.join(one['open_to'])}. {one['reason'] or f'{member} may.'}")
        rows = [
            [asked["metric"], asked["over"], asked["value"], f"{asked['comparison']} {asked['threshold']}",
             asked["truth"]]
            for asked in one["conditions"]
        ]  # fmt: skip
        if rows:
            out.table("", ["what", "over", "is", "asked", ""], rows)
    if not told:
        out.say("No phase of it is open into which members come by themselves.")


def growth(member: Member, at: At = None, community: Community = None, json: Json = False) -> None:
    """Show both shelves of a member: what they have learnt, and what they were honoured for."""
    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory
    from operations import growth as operation

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = operation.growth(remembered.desk, spec, member, at=moment(at, spec.zone))

    def shown(line: "Line") -> dict[str, object]:
        title = {"en": line.title, "zh": line.title_zh}
        return {"at": line.at, "what": line.what, "title": title, "detail": line.detail, "until": line.until}

    out.data(
        {
            "member": member,
            "learning": [shown(line) for line in found.learning],
            "honours": [shown(line) for line in found.honours],
            "points": found.points,
        }
    )
    for name, shelf in (("Learning · 成长", found.learning), ("Honours · 荣誉", found.honours)):
        rows = [
            [
                line.at.astimezone(spec.zone).strftime("%Y-%m-%d"),
                f"{line.title} · {line.title_zh}",
                line.detail,
                line.until.astimezone(spec.zone).strftime("%Y-%m-%d") if line.until else "",
            ]
            for line in shelf
        ]
        out.table(name, ["since", "what", "detail", "until"], rows)
    out.say(f"{found.points:,} points.")
