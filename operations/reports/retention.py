"""Retention: week by week, how much of each group stirs: a metric about runs, for every run that is under way."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from operations.errors import Refusal
from operations.house import House
from operations.known import Known
from operations.reports.page import Grid, Report, Table
from rules.spec import Community
from rules.spec.documents.metrics import Ratio

WEEK = timedelta(days=7)


def retention(
    house: House,
    community: Community,
    *,
    at: datetime,
    metric: str | None = None,
    mode: str | None = None,
    weeks: int = 8,
) -> Report:
    """A metric about runs over each of the last weeks, oldest first; a week before a run began is left empty.

    Args:
        metric: a metric about runs; without one the first share that is about runs.
        mode: only runs of this mode; without one all that anybody ever came into.
        weeks: how many, the last one ending at `at`.

    Raises:
        Refusal: there is no such metric, or no such mode.
    """
    known = Known(house, community, at)
    shares = [id_ for id_, one in community.metrics.items() if isinstance(one, Ratio) and known.kind_of(id_) == "run"]
    asked = metric or next(iter(shares), None)
    if asked is None or asked not in community.metrics or known.kind_of(asked) != "run":
        said = metric or "that is a share and about runs"
        raise Refusal(f"{community.id} has no metric {said}.", f"About runs there is {', '.join(shares) or 'none'}.")
    if mode is not None and mode not in community.modes:
        modes = ", ".join(sorted(community.modes)) or "none"
        raise Refusal(f"{community.id} has no mode {mode!r}.", f"It has {modes}.")
    runs = [one for one in house.runs.runs(community.id, status="running", limit=10_000) if mode in (None, one.mode)]
    ends = [at - WEEK * back for back in range(weeks - 1, -1, -1)]
    ids = [one.id for one in runs]
    found = {end: known.then(end).figures([(asked, "7d")], runs=ids)[asked, "7d"] if ids else {} for end in ends}
    lines: list[dict[str, Any]] = []
    for run in runs:
        by_week = [found[end].get(run.id) if end > run.opened_at else None for end in ends]
        if mode is not None or any(value is not None for value in by_week):
            lines.append({"run": run.id, "mode": run.mode, "weeks": by_week})
    columns = [end.date().isoformat() for end in ends]
    title = community.metrics[asked].title
    return Report(
        name="retention",
        title=f"{community.id}: {title.en} week by week",
        data={"community": community.id, "at": at, "metric": asked, "weeks": columns, "runs": lines},
        tables=[
            Table(
                f"{title.en} {title.zh}, weeks ending on",
                ["run", *columns],
                [[line["run"], *(_percent(value) for value in line["weeks"])] for line in lines],
                right=columns,
            )
        ],
        charts=[
            Grid(
                f"{title.en} {title.zh}",
                "share of the members",
                [line["run"] for line in lines],
                columns,
                {
                    (line["run"], column): (value, _percent(value) or "")
                    for line in lines
                    for column, value in zip(columns, line["weeks"], strict=True)
                },
            )
        ],
        remarks=[] if lines else ["Nobody has come into a run that is under way."],
    )


def _percent(value: Any) -> str | None:
    return f"{round(value * 100)} %" if isinstance(value, Fraction) else None
