"""Effects: what is known of each work: whose it is, what it was for, and its figures at a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from operations.house import House
from operations.known import Known
from operations.ports.runs import Run, Work
from operations.reports.page import UNKNOWN, Number
from operations.reports.pool import base_of, spends
from rules.counted import counted
from rules.spec import Community
from rules.spec.documents.metrics import Ratio
from rules.spec.phase import every_phase

MOST_RUNS = 5000
MOST_FACTS = 200_000
POSTED = "posted"
"""The kind of fact that says whose a work is that was never handed in to a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One work with its figures (of metrics computed from facts) and the groups it belongs to."""

    work: str
    author: str | None
    run: str | None
    task: str | None
    theme: str | None
    figures: Mapping[str, Number]
    groups: Mapping[str, str] = field(default_factory=dict)


def work_metrics(community: Community) -> list[str]:
    """The metrics about works that its modes measure, in the order in which they stand there."""
    about = counted(community)
    found: dict[str, None] = {}
    for mode in community.modes.values():
        for _, phase in every_phase(mode.phases):
            if phase.kind == "measure" and isinstance(names := getattr(phase, "metrics", ()), tuple):
                found.update(dict.fromkeys(names))
    return [
        one
        for one in found
        if one in community.metrics
        and all(base in about and about[base].subject == "work" for base in base_of(community, one))
    ]


def price(community: Community, metrics: Sequence[str]) -> str | None:
    """The metric by which works are cheap or dear: the first share of money in what it brought."""
    return next(
        (one for one in metrics if isinstance(w := community.metrics[one], Ratio) and spends(community, w.ratio[0])),
        None,
    )


def effects_of(
    house: House,
    community: Community,
    *,
    at: datetime,
    metrics: Iterable[str],
    by: Collection[str] = (),
    runs: Collection[str] | None = None,
    task: str | None = None,
    since: datetime | None = None,
) -> list[Effect]:
    """Works with their figures as of a moment, by id.

    Args:
        by: what they are grouped by, as `split_by` names it: `author.tier`, `work.theme`.
        runs: only works of these runs; all works, also those that were only posted, without it.
        task: only works of this task's runs.
        since: only works handed in (or posted) from then on.
    """
    bases = list(dict.fromkeys(base for metric in metrics for base in base_of(community, metric)))
    known = Known(house, community, at, past=True)
    works, of_run = _handed_in(house, community, runs, task)
    if since is not None:
        works = [work for work in works if work.at >= since]
    posted = _posted(house, community, {work.id for work in works}, since) if runs is None and task is None else []
    everything = [*works, *(work for work, _ in posted)]
    themes = {work.id: theme for work, theme in posted}
    read = known.figures([(base, "all") for base in bases], works=everything)
    grouped = _grouped(known, everything, by, themes)
    found = []
    for work in everything:
        run = of_run.get(work.run)
        numbers = {base: _number(read[base, "all"].get(work.id)) for base in bases}
        found.append(
            Effect(
                work=work.id,
                author=work.author or None,
                run=run.id if run is not None else None,
                task=run.task if run is not None else None,
                theme=themes.get(work.id) or _theme(community, run),
                figures=numbers,
                groups=grouped[work.id],
            )
        )
    return sorted(found, key=lambda one: one.work)


def family(house: House, run: str) -> list[str]:
    """A run and those that come from it."""
    found = [run]
    for one in found:
        found += [child.id for child in house.runs.children(one) if child.id not in found]
    return found


def _handed_in(
    house: House, community: Community, runs: Collection[str] | None, task: str | None
) -> tuple[list[Work], dict[str, Run]]:
    if runs is not None:
        known = [run for id_ in runs if (run := house.runs.run(id_)) is not None]
    else:
        known = list(house.runs.runs(community.id, task=task, limit=MOST_RUNS))
    works = [work for run in known for work in house.runs.works_of(run.id) if work.state != "refused"]
    return works, {run.id: run for run in known}


def _posted(
    house: House, community: Community, there: Collection[str], since: datetime | None
) -> list[tuple[Work, str | None]]:
    """Works that members posted by themselves and of which a platform told figures, with their themes."""
    facts = house.facts(community)
    told = {
        str(fact.fields["work"])
        for kind in ("spread", "commented")
        if kind in community.facts
        for fact in facts.find(kinds=[kind], limit=MOST_FACTS)
        if fact.fields.get("work") not in there
    }
    if not told or POSTED not in community.facts:
        return []
    found: dict[str, tuple[Work, str | None]] = {}
    for fact in facts.find(kinds=[POSTED], limit=MOST_FACTS):
        id_ = str(fact.fields.get("work"))
        if id_ in told and fact.member is not None and (since is None or fact.at >= since):
            theme = fact.fields.get("theme")
            work = Work(
                community=community.id, id=id_, run="", phase="", visit=1, author=fact.member, at=fact.at, fields={}
            )
            found[id_] = (work, theme if isinstance(theme, str) else None)
    return list(found.values())


def _grouped(
    known: Known, works: Sequence[Work], by: Collection[str], themes: Mapping[str, str | None]
) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {work.id: {} for work in works}
    authors = list(dict.fromkeys(work.author for work in works if not work.author.startswith("role:")))
    for name in by:
        read = known.figures([(name, "all")], works=[w for w in works if w.run], members=authors)[name, "all"]
        of_author = known.kind_of(name) == "member"
        for work in works:
            value = read.get(work.author if of_author else work.id)
            if name == "work.theme" and value is None:
                value = themes.get(work.id)
            groups[work.id][name] = UNKNOWN if value is None else str(value).lower() if value is True else str(value)
    return groups


def _number(value: object) -> Number:
    return value if isinstance(value, Fraction) else None


def _theme(community: Community, run: Run | None) -> str | None:
    task = community.tasks.get(run.task) if run is not None else None
    return task.brief.theme if task is not None and task.brief is not None else None


def regrouped(effects: Sequence[Effect], by: str) -> dict[str, list[Effect]]:
    """Effects by their group, unknown last."""
    found: dict[str, list[Effect]] = {}
    for one in effects:
        found.setdefault(one.groups.get(by, UNKNOWN), []).append(one)
    return {name: found[name] for name in sorted(found, key=lambda name: (name == UNKNOWN, name))}


def in_order(community: Community, names: Iterable[str]) -> list[str]:
    """Names of groups: tiers and stages as the specs have them, others by name, unknown last."""
    tiers = [tier.id for ladder in community.ladders.values() for tier in ladder.tiers]
    stages = [stage.id for stage in community.lifecycle.stages] if community.lifecycle is not None else []
    place = {name: at for at, name in enumerate(dict.fromkeys([*tiers, *stages]))}  # a word may be both
    return sorted(set(names), key=lambda name: (name == UNKNOWN, place.get(name, len(place)), name))
