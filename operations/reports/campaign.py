"""Campaign: one run with the tasks it waited for: its course, what came of it, what was concluded, what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.house import House
from operations.ports.proposals import Proposal
from operations.ports.runs import Run
from operations.reports.briefs import comments_of
from operations.reports.cost import places_of, ranked, shown
from operations.reports.effects import effects_of, family, price, regrouped, work_metrics
from operations.reports.page import Bars, Report, Span, Table, Timeline, text_of
from operations.reports.pool import adds, pooled
from operations.reports.retrospectives import WITHOUT
from rules.spec import Community
from rules.spec.phase import PhaseSpec, every_phase

_COLUMNS = ("metric", "as", "works", "known_then", "then", "known_now", "now", "remark")


def campaign(
    house: House, community: Community, run: Run, *, at: datetime, proposals: Sequence[Proposal] = ()
) -> Report:
    """What a run and the tasks that it waited for came to. Figures are shown as frozen and as they are known now.

    Args:
        at: as of when figures are known "now".
        proposals: of the community.
    """

    def local(moment: datetime) -> datetime:
        return moment.astimezone(community.zone)

    runs = [one for id_ in family(house, run.id) if (one := house.runs.run(id_)) is not None]
    visits = house.runs.visits(run.id)
    frozen = next((one for one in reversed(visits) if one.kind == "measure" and one.state == "closed"), None)
    metrics = _metrics(community, run)
    by = _split(community, run)
    effects = effects_of(house, community, at=at, metrics=metrics, by=by, runs=[one.id for one in runs])
    order = price(community, metrics) or (metrics[0] if metrics else None)
    cheap = order is not None and order == price(community, [order])
    segments = {name: ranked(community, regrouped(effects, name), metrics, order, cheap=cheap) for name in by if order}
    then = {} if frozen is None else frozen.results
    figures = [_figure(community, metric, then.get(metric), effects) for metric in metrics]
    comments = [comment for one in runs for comment in comments_of(house, community, one)]
    follow_ups = [one for id_ in (r.id for r in runs) for one in house.follow_ups.find(community.id, run=id_)]
    mine = [one for one in proposals if one.run == run.id]
    spans = [
        Span(visit.phase, local(visit.opened_at), local(visit.closed_at or at), visit.outcome or visit.state)
        for visit in visits
        if visit.state != "skipped"
    ]
    spans += [
        Span(one.id, local(one.opened_at), local(one.ended_at or at), one.end or one.status, inner=True)
        for one in runs[1:]
    ]
    tables = [
        Table(
            "Tasks",
            ["run", "mode", "status", "from", "until", "end"],
            [
                [one.id, one.mode, one.status, _day(one.opened_at, community), _day(one.ended_at, community), one.end]
                for one in runs
            ],
        ),
        Table(
            "Figures: as frozen, and as known now",
            ["figure", "", "works", "known then", "then", "known now", "now", ""],
            [[f[key] for key in _COLUMNS] for f in figures],
            right=["works", "known then", "then", "known now", "now"],
        ),
        *(
            Table(
                f"By {name}",
                ["place", name, "members", "works", *metrics],
                [
                    [line["place"] or "–", line["kind"], line["members"], line["works"]]
                    + [shown(community, metric, line["figures"][metric]) for metric in metrics]
                    for line in lines
                ],
                right=["place", "members", "works", *metrics],
            )
            for name, lines in segments.items()
        ),
        Table(
            "What was written", ["run", "phase", "by", "field", "text"],
            [[c.run, c.phase, c.by, c.field, c.text[:160]] for c in comments[:40]],
        ),
        Table(
            "Proposed changes", ["number", "state", "edits"],
            [[p.number, p.state, "; ".join(f"{path} = {value}" for _, path, value in p.edits)] for p in mine],
        ),
        Table(
            "Actions", ["what", "owner", "due", "state"],
            [[f.text, f.owner, _day(f.due, community), f.state] for f in follow_ups],
        ),
    ]  # fmt: skip
    return Report(
        name="campaign",
        title=f"{run.id}: what came of it",
        data={
            "run": run.id,
            "task": run.task,
            "status": run.status,
            "end": run.end,
            "without_retrospective": run.end == WITHOUT,
            "runs": [one.id for one in runs],
            "made_from": then.get("made_from"),
            "figures": figures,
            "by": {
                name: [
                    {
                        "kind": line["kind"],
                        "place": line["place"],
                        "works": line["works"],
                        "members": line["members"],
                        "figures": {
                            metric: text_of(line["figures"][metric].value, places_of(community, metric))
                            for metric in metrics
                        },
                    }
                    for line in lines
                ]
                for name, lines in segments.items()
            },
            "comments": [
                {"run": c.run, "phase": c.phase, "by": c.by, "field": c.field, "text": c.text} for c in comments
            ],
            "proposals": [{"number": p.number, "state": p.state} for p in mine],
            "actions": [{"text": f.text, "owner": f.owner, "due": f.due, "state": f.state} for f in follow_ups],
        },
        tables=[table for table in tables if table.rows],
        charts=[
            Timeline(f"{run.task}: acts and tasks", spans, run.ended_at or at),
            *(
                Bars(
                    f"{community.metrics[order].title.en} {community.metrics[order].title.zh} by {name}",
                    order,
                    [(line["kind"], line["figures"][order].value, f"{line['works']} works") for line in lines],
                )
                for name, lines in segments.items()
                if order
            ),
        ],
        remarks=_remarks(run, then, community),
    )


def _phases(community: Community, run: Run) -> list[PhaseSpec]:
    """The phases of its mode; none if the specs have such a mode no more."""
    mode = community.modes.get(run.mode)
    return [] if mode is None else [phase for _, phase in every_phase(mode.phases)]


def _metrics(community: Community, run: Run) -> list[str]:
    found: dict[str, None] = {}
    for phase in _phases(community, run):
        if phase.kind == "measure" and isinstance(names := getattr(phase, "metrics", ()), tuple):
            found.update(dict.fromkeys(names))
    about_works = work_metrics(community)
    return [one for one in found if one in about_works] or about_works


def _split(community: Community, run: Run) -> list[str]:
    found: dict[str, None] = {}
    for phase in _phases(community, run):
        if phase.kind == "measure":
            found.update(dict.fromkeys(getattr(phase, "split_by", ())))
    return list(found) or ["author.tier"]


def _figure(community: Community, metric: str, then: Any, effects: Sequence[Any]) -> dict[str, Any]:
    """One figure of the whole: from the frozen values of single works, and from what is known of them now."""
    places = places_of(community, metric)
    now = pooled(community, metric, [one.figures for one in effects])
    own = then.get("values", {}) if isinstance(then, Mapping) else {}
    known_then = sum(1 for value in own.values() if value is not None)
    today = {one.work: pooled(community, metric, [one.figures]).value for one in effects}
    changed = sum(1 for work, value in own.items() if work in today and not _same(value, today[work], places))
    word = "sum" if adds(community, metric) else "mean of works"
    frozen = then.get("sum" if word == "sum" else "mean") if isinstance(then, Mapping) else None
    known = [value for value in today.values() if value is not None]
    mean = sum(known, Fraction(0)) / len(known) if known else None
    return {
        "metric": metric,
        "as": word,
        "works": now.of,
        "known_then": known_then if own else None,
        "then": frozen,
        "known_now": now.known,
        "now": text_of(now.value if word == "sum" else mean, places),
        "changed": changed,
        "remark": f"{changed} corrected since" if changed else "",
    }


def _same(frozen: Any, now: Any, places: int) -> bool:
    return str(frozen) == str(text_of(now, places)) if frozen is not None else now is None


def _remarks(run: Run, then: Mapping[str, Any], community: Community) -> list[str]:
    said = []
    if run.end == WITHOUT:
        said.append("It ended without a retrospective: nobody wrote down what to do differently.")
    made = then.get("made_from")
    if made:
        frozen = datetime.fromisoformat(made["at"]).astimezone(community.zone)
        said.append(f"Frozen {frozen:%Y-%m-%d %H:%M}: {made['known']} of {made['of']} figures were known.")
    return said


def _day(at: datetime | None, community: Community) -> str:
    return "" if at is None else f"{at.astimezone(community.zone):%Y-%m-%d}"
