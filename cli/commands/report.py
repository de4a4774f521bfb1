"""`trellis report …`: what came of it: cost by kind, themes, briefs, contests, reach, retention, spending, and more."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import At, Community, Json

if TYPE_CHECKING:
    from datetime import datetime

    from cli.memory import Memory
    from operations.reports import Report
    from rules.spec import Community as Spec

Picture = Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw it as well.")]
By = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="NAME", help="What tells kinds apart, such as author.tier; may be repeated."),
]
Metric = Annotated[
    list[str] | None, typer.Option("--metric", metavar="ID", help="Of works; those that modes measure, without one.")
]
Since = Annotated[str | None, typer.Option("--since", metavar="DAY", help="Only works handed in from then on.")]
RunId = Annotated[
    str | None, typer.Option("--run", metavar="ID", help="Only works of this run and of the tasks it waited for.")
]
Make = Callable[["Memory", "Spec", "datetime"], "Report"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What came of it, as tables, pictures and data.", no_args_is_help=True)
    for command in (cost, themes, briefs, contest, reach, retention, spending, stages, campaign, retrospectives):
        group.command(command.__name__)(command)
    app.add_typer(group, name="report")


def cost(
    by: By = None,
    metric: Metric = None,
    rank: Annotated[str | None, typer.Option("--rank", metavar="ID", help="The metric that orders them.")] = None,
    run: RunId = None,
    since: Since = None,
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """Cost and effect of works by kind of member, ranked: which kind is most worth its money."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.cost import BY, cost_effectiveness

        return cost_effectiveness(
            memory.house,
            spec,
            at=when,
            by=by or BY,
            metrics=metric or (),
            rank=rank,
            runs=_runs(memory, spec, run),
            since=_since(since, spec),
        )

    _show(make, community, at, svg, json)


def themes(
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="What tells people apart.")] = "author.tier",
    metric: Annotated[str | None, typer.Option("--metric", metavar="ID", help="Of works.")] = None,
    run: RunId = None,
    since: Since = None,
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """Which theme resonates with whom: a metric of works by theme and kind of member."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.themes import themes_by_segment

        runs = _runs(memory, spec, run)
        return themes_by_segment(
            memory.house, spec, at=when, by=by, metric=metric, runs=runs, since=_since(since, spec)
        )

    _show(make, community, at, svg, json)


def briefs(
    task: Annotated[str | None, typer.Option("--task", metavar="ID", help="Only runs of this task.")] = None,
    metric: Metric = None,
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """The score of each brief against what came of it, key messages said in the works, and what people wrote."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.briefs import briefs as made
        from operations.texts import Reader

        return made(memory.house, spec, Reader(), at=when, task=task, metrics=metric or ())

    _show(make, community, at, svg, json)


def contest(
    run: Annotated[str, typer.Argument(metavar="RUN", help="auto/task/1, task/1, or task for its latest.")],
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """The whole field of a judged run: entries, and mean and quantiles of every criterion."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from cli.given import run_named
        from operations.reports.contest import field_of

        return field_of(memory.house, spec, run_named(memory.runs, spec.id, run), at=when)

    _show(make, community, at, svg, json)


def reach(
    metric: Annotated[str | None, typer.Option("--metric", metavar="ID", help="Of whoever stands in `via`.")] = None,
    over: Annotated[str, typer.Option("--over", metavar="WINDOW", help="Such as 90d.")] = "365d",
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many nodes.")] = 25,
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """Whom each node of the network has influenced: invited, mentored, hosted."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.reach import reach as made

        return made(memory.house, spec, at=when, metric=metric, over=over, limit=limit)

    _show(make, community, at, svg, json)


def retention(
    metric: Annotated[str | None, typer.Option("--metric", metavar="ID", help="A metric about runs.")] = None,
    mode: Annotated[str | None, typer.Option("--mode", metavar="MODE", help="Only runs of this mode.")] = None,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=104, metavar="N", help="So many weeks.")] = 8,
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """How much of each group stirs, week by week: circles that hold their people, and those that fall asleep."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.retention import retention as made

        return made(memory.house, spec, at=when, metric=metric, mode=mode, weeks=weeks)

    _show(make, community, at, svg, json)


def spending(
    budget: Annotated[str | None, typer.Option("--budget", metavar="ID", help="Only this budget.")] = None,
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """What of each budget went where, beside what was planned for each tier."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.spending import spending as made

        return made(memory.house, spec, at=when, budget=budget)

    _show(make, community, at, svg, json)


def stages(community: Community = None, at: At = None, svg: Picture = None, json: Json = False) -> None:
    """How members are spread over stages, and whether shares lie in the bands that rules want."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.stages import stages as made

        return made(memory.house, spec, at=when)

    _show(make, community, at, svg, json)


def campaign(
    run: Annotated[str, typer.Argument(metavar="RUN", help="auto/task/1, task/1, or task for its latest.")],
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """One campaign with its tasks: course, figures frozen and now, segments, conclusions, proposals, actions."""

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from cli.given import run_named
        from operations.reports.campaign import campaign as made

        found = run_named(memory.runs, spec.id, run)
        return made(memory.house, spec, found, at=when, proposals=memory.proposals.all(spec.id))

    _show(make, community, at, svg, json)


def retrospectives(
    task: Annotated[str | None, typer.Option("--task", metavar="ID", help="Only runs of this task.")] = None,
    community: Community = None,
    at: At = None,
    svg: Picture = None,
    json: Json = False,
) -> None:
    """Which runs were looked back on, and what became of the actions; exit 3 when one ended without."""
    from cli.console import FINDINGS

    flagged: list[str] = []

    def make(memory: "Memory", spec: "Spec", when: "datetime") -> "Report":
        from operations.reports.retrospectives import retrospectives as made

        report = made(memory.house, spec, at=when, task=task)
        flagged.extend(report.data["without"])
        return report

    _show(make, community, at, svg, json)
    if flagged:
        raise typer.Exit(FINDINGS)


def _show(make: Make, community: str | None, at: str | None, svg: Path | None, json: bool) -> None:
    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory
    from operations.reports.page import UNKNOWN

    out = Output(json)
    with memory() as remembered, out.progress("looking"):
        spec = remembered.specs.current(community)
        report = make(remembered, spec, moment(at, spec.zone))
    if svg is not None:
        from cli.report_pictures import draw
        from cli.svg import save

        save(svg, draw(report))
    out.data({"report": report.name, "title": report.title, **report.data, "remarks": list(report.remarks)})
    out.say(report.title)
    for table in report.tables:
        if table.rows:
            rows: Sequence[Sequence[Any]] = [[UNKNOWN if cell is None else cell for cell in row] for row in table.rows]
            out.table(table.title, list(table.columns), rows, right=list(table.right))
    for remark in report.remarks:
        out.say(remark)
    if svg is not None:
        out.say(f"Drawn into {svg}.")


def _runs(memory: "Memory", spec: "Spec", run: str | None) -> list[str] | None:
    from cli.given import run_named
    from operations.reports.effects import family

    return None if run is None else family(memory.house, run_named(memory.runs, spec.id, run).id)


def _since(text: str | None, spec: "Spec") -> "datetime | None":
    from cli.options import moment

    return None if text is None else moment(text, spec.zone, "--since")
