"""`trellis score RUN WORK --as J --give creativity=9,technique=8`: a judge scores a work."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score")(score)


def score(
    run: Annotated[str, typer.Argument(help="The run, as `trellis tasks` shows it.")],
    work: Annotated[str, typer.Argument(help="The work's id.")],
    by: Annotated[
        str,
        typer.Option(
            "--as", "--by", envvar="TRELLIS_AS", help="The judge: a member, or role:director for a judging role."
        ),
    ],
    give: Annotated[str, typer.Option("--give", help="Scores by criterion: creativity=9,technique=8.")],
    community: Community = None,
    json: Json = False,
) -> None:
    """Score a work by every criterion that people score."""
    from cli.console import Output
    from cli.given import run_named, scores
    from cli.wiring import room
    from workflows.desk import Desk

    out = Output(json)
    with room() as here:
        spec = here.memory.specs.current(community)
        found = run_named(here.memory.runs, spec.id, run)
        desk = Desk(here.memory.house, poke=here.gateway.poke)
        desk.score(found.id, work=work, by=by, scores=scores(give))
    out.data({"run": found.id, "work": work, "by": by, "scores": scores(give)})
    out.say(f"{work} is scored by {by}.")
