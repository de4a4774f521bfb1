"""Briefs: how each brief was scored, what came of its works, what they say of what it wanted said, and the comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.house import House
from operations.known import Known
from operations.ports.runs import Act, Run
from operations.ports.texts import TextReader
from operations.reports.cost import figure_text, places_of
from operations.reports.effects import effects_of, work_metrics
from operations.reports.page import Dots, Report, Table, text_of
from operations.reports.pool import pooled
from rules.counted import counted
from rules.spec import Community

SCORE = "brief_score"
"""The metric about runs that says how good a brief was."""
MOST_COMMENTS = 200
_WORDY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """Something written about a run by somebody who was asked: where, by whom, in which field."""

    run: str
    phase: str
    by: str
    field: str
    text: str
    about: str = ""


def briefs(
    house: House,
    community: Community,
    reader: TextReader,
    *,
    at: datetime,
    task: str | None = None,
    metrics: Sequence[str] = (),
    run_limit: int = 1000,
) -> Report:
    """The score of each run's brief against what came of its works, with what people wrote about it.

    A run that has no score of its own has that of the campaign that started it, whose comments are also its.
    """
    asked = tuple(metrics) or tuple(work_metrics(community))
    runs = [
        run
        for run in house.runs.runs(community.id, task=task, limit=run_limit)
        if (known := community.tasks.get(run.task)) is not None and known.brief is not None
    ]
    scores = scores_of(house, community, runs, at)
    lines = [_line(house, community, reader, run, scores.get(run.id), asked, at) for run in runs]
    lines.sort(key=lambda line: (line["task"], line["run"]))
    outcome = next((m for m in asked if any(line["figures"][m].value is not None for line in lines)), None)
    rows = [
        [
            line["run"],
            line["score"],
            line["works"],
            None if line["said"] is None else f"{int(line['said'] * 100)} %",
            *(figure_text(community, metric, line["figures"][metric].value) for metric in asked),
            len(line["comments"]),
        ]
        for line in lines
    ]
    columns = ["run", "brief", "works", "key messages", *asked, "comments"]
    said = [
        [line["run"], one.phase, one.by, one.field, one.text[:160]] for line in lines for one in line["comments"][:5]
    ]
    missing = [
        [line["run"], message, f"{int(share * 100)} %"]
        for line in lines
        for message, share in line["messages"].items()
        if share is not None and share < Fraction(1, 2)
    ]
    dots = [
        (line["run"], Fraction(line["score"]), line["figures"][outcome].value)
        for line in lines
        if outcome and line["score"] is not None and line["figures"][outcome].value is not None
    ]
    return Report(
        name="briefs",
        title=f"{community.id}: briefs against what came of them",
        data={"community": community.id, "at": at, "briefs": [_data(community, line) for line in lines]},
        tables=[
            Table("Briefs", columns, rows, right=columns[1:]),
            Table("Said in fewer than half of the works", ["run", "key message", "said"], missing, right=["said"]),
            Table("What was written about them", ["run", "phase", "by", "field", "text"], said),
        ],
        charts=[Dots(f"Brief 简报 against {outcome}", "score of the brief", outcome, dots)] if outcome and dots else [],
        remarks=[] if lines else ["No task with a brief has run yet."],
    )


def scores_of(house: House, community: Community, runs: Sequence[Run], at: datetime) -> Mapping[str, int]:
    """The score of each run's brief: its own, or that of the run it was started by."""
    about = counted(community).get(SCORE)
    if about is None or about.subject != "run" or not runs:
        return {}
    parents: dict[str, str] = {}
    for run in runs:
        if run.parent is not None:
            parents[run.id] = run.parent
    asked = sorted({*(run.id for run in runs), *parents.values()})
    found = Known(house, community, at).figures([(SCORE, "all")], runs=asked)[SCORE, "all"]
    scores: dict[str, int] = {}
    for run in runs:
        own = found.get(run.id)
        value = own if own is not None else found.get(parents.get(run.id, ""))
        if isinstance(value, Fraction):
            scores[run.id] = int(value)
    return scores


def comments_of(house: House, community: Community, run: Run) -> list[Comment]:
    """What people wrote in the forms of a run's questions, reviews and gatherings, in order."""
    edits = {field.id for kind in community.facts.values() for field in kind.fields if field.type == "spec_edits"}
    found = []
    for phase in dict.fromkeys(visit.phase for visit in house.runs.visits(run.id) if visit.kind in ("ask", "review")):
        for act in house.runs.acts(run.id, phase):
            found += [
                Comment(run=run.id, phase=phase, by=act.by, field=name, text=text, about=act.about)
                for name, text in _texts(act)
                if name not in edits
            ]
    return found[:MOST_COMMENTS]


def _texts(act: Act) -> list[tuple[str, str]]:
    """The free texts of a form: words, not codes and links."""
    found = []
    for name, value in sorted(act.fields.items()):
        for text in value if isinstance(value, list) else [value]:
            wordy = isinstance(text, str) and (not text.isascii() or len(text.split()) >= _WORDY)
            if wordy and "://" not in text:
                found.append((name, text))
    return found


def _line(
    house: House,
    community: Community,
    reader: TextReader,
    run: Run,
    score: int | None,
    metrics: Sequence[str],
    at: datetime,
) -> dict[str, Any]:
    effects = effects_of(house, community, at=at, metrics=metrics, runs=[run.id])
    messages = said_in_works(house, community, reader, run)
    known = [share for share in messages.values() if share is not None]
    above = house.runs.run(run.parent) if run.parent is not None else None
    return {
        "run": run.id,
        "task": run.task,
        "score": score,
        "works": len(effects),
        "figures": {metric: pooled(community, metric, [one.figures for one in effects]) for metric in metrics},
        "messages": messages,
        "said": sum(known, Fraction(0)) / len(known) if known else None,
        "comments": [
            *comments_of(house, community, run),
            *(comments_of(house, community, above) if above is not None else []),
        ],
    }


def said_in_works(house: House, community: Community, reader: TextReader, run: Run) -> dict[str, Fraction | None]:
    """For each key message of a run's brief the share of its works that say it in their own texts; None: no texts."""
    brief = community.tasks[run.task].brief
    texts = [
        "\n".join(text for text in work.fields.values() if isinstance(text, str) and "://" not in text)
        for work in house.runs.works_of(run.id)
        if work.state != "refused"
    ]
    texts = [text for text in texts if text.strip()]
    found: dict[str, Fraction | None] = {}
    for message in brief.must_say if brief is not None else ():
        says = [any(reader.mentioned(text, [message.zh, message.en])) for text in texts]
        found[message.zh] = Fraction(sum(says), len(says)) if says else None
    return found


def _data(community: Community, line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **line,
        "figures": {
            metric: {"value": text_of(one.value, places_of(community, metric)), "known": one.known, "works": one.of}
            for metric, one in line["figures"].items()
        },
        "messages": {name: text_of(share) for name, share in line["messages"].items()},
        "said": text_of(line["said"]),
        "comments": [
            {"phase": one.phase, "by": one.by, "about": one.about, "field": one.field, "text": one.text}
            for one in line["comments"]
        ],
    }
