"""`trellis goals`: what the brand wants, how far it has come, and which campaigns and tasks serve it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import At, Community, Json

if TYPE_CHECKING:
    from datetime import tzinfo

    from operations.goals import Progress, Serving


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("goals")(goals)


def goals(
    goal: Annotated[str | None, typer.Argument(metavar="[GOAL]", help="Only this goal, with what is below it.")] = None,
    community: Community = None,
    at: At = None,
    json: Json = False,
) -> None:
    """Show the tree of goals, campaigns and tasks, with progress rolled up; unknown is never zero.

    Exit 3 when a task serves no goal.
    """
    from cli.console import FINDINGS, Output
    from cli.options import moment
    from cli.wiring import memory
    from operations.errors import Refusal
    from operations.goals import aimless, goals_of

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        when = moment(at, spec.zone)
        found = goals_of(spec, remembered.runs, remembered.measures(spec), at=when)
    if goal is not None:
        found = [one for one in _all(found) if one.goal == goal]
        if not found:
            raise Refusal(f"{spec.id} has no goal {goal}.", f"One of {', '.join(spec.goals)}." if spec.goals else "")
    stray = aimless(spec) if spec.goals and goal is None else []
    out.data({"community": spec.id, "goals": [one.data() for one in found], "without_goal": stray})
    if not found:
        out.say(f"{spec.id} has no goals.")
        return
    rows: list[list[Any]] = []
    for one in found:
        _rows(one, "", rows, spec.zone)
    columns = ["goal, campaign, task", "reached", "own", "with parts", "by", "set by", "running", "ended"]
    out.table("", columns, rows, right=["own", "with parts", "running", "ended"])
    if stray:
        out.warn(f"These tasks serve no goal: {', '.join(stray)}.")
        raise typer.Exit(FINDINGS)


def _all(found: "list[Progress]") -> "list[Progress]":
    return [one for top in found for one in (top, *_all(list(top.parts)))]


def _rows(one: "Progress", indent: str, rows: list[list[Any]], zone: "tzinfo") -> None:
    from operations.goals import percent

    word = {True: "yes", False: "late" if one.late else "no", None: "unknown"}[one.reached]
    shares = [f"{share} %" if (share := percent(part)) is not None else "unknown" for part in (one.share, one.rolled)]
    rows.append([f"{indent}{one.goal}", word, *shares, one.by, one.set_by, one.running(), one.ended()])
    for task in one.tasks:
        _task(task, f"{indent}  ", rows, zone)
    for part in one.parts:
        _rows(part, f"{indent}  ", rows, zone)


def _task(one: "Serving", indent: str, rows: list[list[Any]], zone: "tzinfo") -> None:
    begins = "" if one.begins is None else f", begins {one.begins.astimezone(zone):%Y-%m-%d %H:%M}"
    named = f"{indent}· {one.task} ({one.mode}){begins}"
    rows.append([named, None, None, None, None, None, one.running or None, one.ended or None])
    for below in one.tasks:
        _task(below, f"{indent}  ", rows, zone)
