"""`trellis generations`: old, middle and young side by side, the bands they should be in, and what to do."""

import typer

from cli.options import At, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("generations")(generations)


def generations(at: At = None, community: Community = None, json: Json = False) -> None:
    """Show how many members stand in each stage and whether the generations are in balance.

    The bands are those of the rules about the community. Exit 3 when a figure is out of its band.
    """
    from cli.console import FINDINGS, Output
    from cli.options import moment
    from cli.wiring import memory
    from operations import generations as operation

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = operation.generations(remembered.desk, spec, at=moment(at, spec.zone))
    out.data(
        {
            "stages": found.stages,
            "balanced": found.balanced,
            "bands": [
                {
                    "metric": band.metric, "title": {"en": band.title, "zh": band.title_zh}, "value": band.value,
                    "low": band.low, "high": band.high, "rule": band.rule,
                    "recommendation": {"en": band.recommendation, "zh": band.recommendation_zh},
                }
                for band in found.bands
            ],
        }
    )  # fmt: skip
    titles = (
        {stage.id: f"{stage.title.en} · {stage.title.zh}" for stage in spec.lifecycle.stages} if spec.lifecycle else {}
    )
    total = sum(found.stages.values())
    stages = [[titles[stage], count, f"{count / total:.0%}" if total else ""] for stage, count in found.stages.items()]
    out.table("Stages", ["stage", "members", "share"], stages, right=["members", "share"])
    bands = [
        [f"{b.title} · {b.title_zh}", b.value, f"{b.low or ''} – {b.high or ''}", b.recommendation] for b in found.bands
    ]
    out.table("Bands", ["figure", "now", "wanted", "recommendation"], bands, right=["now"])
    if not found.balanced:
        raise typer.Exit(FINDINGS)
