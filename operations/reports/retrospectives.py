"""Retrospectives: which runs were looked back on when they ended, which were not, and what became of the actions."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.house import House
from operations.ports.audit import DECLINED, DONE
from operations.ports.runs import ENDED, Run
from operations.reports.briefs import comments_of
from operations.reports.page import Bars, Report, Table
from rules.spec import Community
from rules.spec.phase import every_phase

WITHOUT = "end:without-retrospective"
RETROSPECTIVE = "retrospective"


def retrospectives(
    house: House, community: Community, *, at: datetime, task: str | None = None, limit: int = 500
) -> Report:
    """Ended runs of modes that end in a retrospective, latest first; those without one are flagged."""
    looking_back = {
        mode.id
        for mode in community.modes.values()
        if any(phase.id == RETROSPECTIVE for _, phase in every_phase(mode.phases))
    }
    runs = [
        run for run in house.runs.runs(community.id, task=task, status=ENDED, limit=limit) if run.mode in looking_back
    ]
    lines = [_line(house, community, run, at) for run in runs]
    flagged = [line for line in lines if line["without"]]
    rows = [
        [
            line["run"],
            f"{line['ended_at'].astimezone(community.zone):%Y-%m-%d}" if line["ended_at"] else "",
            "without a retrospective" if line["without"] else "looked back on" if line["texts"] else line["end"],
            line["actions"],
            line["answered"],
            line["late"],
        ]
        for line in lines
    ]
    numbers = ["actions", "answered", "late"]
    return Report(
        name="retrospectives",
        title=f"{community.id}: looking back",
        data={
            "community": community.id,
            "at": at,
            "runs": [{**line, "texts": [[one.field, one.text] for one in line["texts"]]} for line in lines],
            "without": [line["run"] for line in flagged],
        },
        tables=[
            Table("Ended runs", ["run", "ended", "", *numbers], rows, right=numbers),
            Table(
                "What was written",
                ["run", "by", "field", "text"],
                [[line["run"], one.by, one.field, one.text[:160]] for line in lines for one in line["texts"]],
            ),
        ],
        charts=[
            Bars(
                "Actions 改进措施 answered (bar) of those agreed (mark)",
                "actions",
                [(line["run"], Fraction(line["answered"]), "") for line in lines if line["actions"]],
                {line["run"]: Fraction(line["actions"]) for line in lines if line["actions"]},
            )
        ],
        remarks=[f"{len(flagged)} of {len(lines)} ended without a retrospective."] if flagged else [],
    )


def last_retrospective(house: House, community: Community, task: str, *, limit: int = 500) -> list[Any]:
    """What was written in the last retrospective of a task, or of another one of its mode; nothing if there is none."""
    mode = community.tasks[task].mode
    ended = [
        run for run in house.runs.runs(community.id, status=ENDED, limit=limit) if run.ended_at and run.mode == mode
    ]
    ended.sort(key=lambda run: (run.task == task, run.ended_at), reverse=True)
    for run in ended:
        found = [one for one in comments_of(house, community, run) if one.phase == RETROSPECTIVE]
        if found:
            return found
    return []


def _line(house: House, community: Community, run: Run, at: datetime) -> dict[str, Any]:
    actions = house.follow_ups.find(community.id, run=run.id)
    answered = [one for one in actions if one.state in (DONE, DECLINED)]
    late = [one for one in actions if one not in answered and one.due is not None and one.due < at]
    return {
        "run": run.id,
        "task": run.task,
        "end": run.end,
        "ended_at": run.ended_at,
        "without": run.end == WITHOUT,
        "texts": [one for one in comments_of(house, community, run) if one.phase == RETROSPECTIVE],
        "actions": len(actions),
        "answered": len(answered),
        "late": len(late),
    }
