"""Contest: how good the whole field of a contest is: how many entries, and how their scores are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.errors import Refusal
from operations.house import House
from operations.ports.runs import Run, Visit
from operations.reports.page import Boxes, Report, Table, quartiles, text_of
from rules.spec import Community

NUMBERS = ("entries", "mean", "lowest", "p25", "p50", "p75", "highest")
TOTAL = "total"


def field_of(house: House, community: Community, run: Run, *, at: datetime) -> Report:
    """Statistics of a judged run over all that was handed in and judged, not only the winners.

    Raises:
        Refusal: nothing was judged in the run.
    """
    visits = house.runs.visits(run.id)
    judged = [visit for visit in visits if visit.kind == "judge" and visit.state == "closed"]
    if not judged:
        raise Refusal(f"Nothing was judged in {run.id} yet.", "See `trellis task` for where it is.")
    entries = [work for work in house.runs.works_of(run.id) if work.state != "withdrawn"]
    criteria = _by_criterion(house, run, judged[-1])
    totals = {work: _fraction(score) for work, score in judged[-1].results.get("scores", {}).items()}
    spread = {name: list(scores.values()) for name, scores in criteria.items()}
    if totals:
        spread[TOTAL] = list(totals.values())
    lines = {name: _numbers(scores) for name, scores in spread.items() if scores}
    titles = _titles(community, run, judged[-1])
    frozen = [visit for visit in visits if visit.kind == "measure" and visit.state == "closed"]
    measured = frozen[-1].results if frozen else {}
    figures = {name: value for name, value in measured.items() if isinstance(value, Mapping) and "count" in value}
    label = {name: f"{name} {titles.get(name, '')}".strip() for name in lines}
    return Report(
        name="contest",
        title=f"{run.id}: the whole field",
        data={
            "run": run.id,
            "entries": len(entries),
            "authors": len({work.author for work in entries}),
            "judged": len(totals) or max((len(one) for one in spread.values()), default=0),
            "scores": {
                name: {key: text_of(value, 0 if key == "entries" else 2) for key, value in line.items()}
                for name, line in lines.items()
            },
            "figures": figures,
            "made_from": measured.get("made_from"),
            "judged_from": judged[-1].results.get("made_from"),
        },
        tables=[
            Table(
                f"{len(entries)} entries by {len({work.author for work in entries})} people",
                ["criterion", *NUMBERS],
                [
                    [label[name], *(text_of(line[key], 0 if key == "entries" else 2) for key in NUMBERS)]
                    for name, line in lines.items()
                ],
                right=NUMBERS,
            ),
            Table(
                "Frozen figures",
                ["figure", "entries", "known", "mean", "p25", "p50", "p75"],
                [
                    [name, one["count"], one["known"], *(one.get(key) for key in ("mean", "p25", "p50", "p75"))]
                    for name, one in figures.items()
                ],
                right=["entries", "known", "mean", "p25", "p50", "p75"],
            ),
        ],
        charts=[
            Boxes(title, "score", boxes)
            for title, names in (
                (f"{run.task}: the whole field, by criterion", criteria),
                (f"{run.task}: final scores 总分", [TOTAL]),
            )
            if (boxes := [(label[name], quartiles(spread[name])) for name in names if spread.get(name)])
        ],
    )


def _by_criterion(house: House, run: Run, visit: Visit) -> dict[str, dict[str, Fraction]]:
    """The mean of the judges' scores of each work, by criterion."""
    given: dict[str, dict[str, list[Fraction]]] = {}
    for act in house.runs.acts(run.id, visit.phase, since=visit.since, until=visit.visit):
        if act.verb != "score":
            continue
        for criterion, score in act.fields.items():
            given.setdefault(criterion, {}).setdefault(act.about, []).append(Fraction(str(score)))
    return {
        criterion: {work: sum(scores, Fraction(0)) / len(scores) for work, scores in works.items()}
        for criterion, works in sorted(given.items())
    }


def _numbers(scores: Sequence[Fraction]) -> dict[str, Fraction]:
    low, *middle, high = quartiles(scores)
    mean = sum(scores, Fraction(0)) / len(scores)
    return dict(zip(NUMBERS, (Fraction(len(scores)), mean, low, *middle, high), strict=True))


def _fraction(value: Any) -> Fraction:
    return Fraction(str(value))


def _titles(community: Community, run: Run, visit: Visit) -> dict[str, str]:
    """What criteria are called in Chinese, as the task writes them."""
    task = community.tasks.get(run.task)
    rubric: Any = task.with_.get("rubric", ()) if task is not None else ()
    titles = {}
    for line in rubric:
        id_ = line.get("id") if isinstance(line, Mapping) else getattr(line, "id", None)
        title = line.get("title") if isinstance(line, Mapping) else getattr(line, "title", None)
        zh = title.get("zh") if isinstance(title, Mapping) else getattr(title, "zh", None)
        if id_ and zh:
            titles[str(id_)] = str(zh)
    return titles
