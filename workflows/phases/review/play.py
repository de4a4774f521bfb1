"""Review, played: each work is approved, refused or returned; what is returned comes back in its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.later import Told
from workflows.phases.review.spec import Review
from workflows.play import (
    BACK,
    REVISE,
    ROLE,
    Cast,
    Closing,
    Note,
    Opening,
    Progress,
    Request,
    Scene,
    Wants,
    able,
    enough,
    not_asked,
    several,
)

APPROVE, RETURN, REFUSE = "approve", "return", "refuse"
VERDICTS = (APPROVE, RETURN, REFUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How it stands with one work: `waiting` for a verdict, `returned` to its author, `approved` or `refused`."""

    state: str
    version: int
    due: datetime  # until when the reviewer, or the author, has time; of a decided work when it was decided
    returns: int
    silent: bool = False
    abandoned: bool = False  # returned, and its author did not come back

    @property
    def decided(self) -> bool:
        return self.state in ("approved", "refused")


def wants(phase: Review) -> Wants:
    return Wants(
        asked=phase.by, never=phase.never, things=phase.of, within=phase.within, follows=True, agreed=phase.scope or {}
    )


def opening(phase: Review, scene: Scene) -> Opening:
    if not scene.things and scene.growing is None:
        return Opening(outcome="short", awaits="there is nothing to look at")
    requests = tuple(
        Request(asked=asked, about=work, choices=_choices(phase), form=phase.form, details=_flag(phase, scene, work))
        for work in scene.things
        if (asked := scene.asked_about(work))
    )
    more = "" if scene.growing is None else ", and on those that come in"
    return Opening(requests=requests, awaits=f"verdicts on {len(scene.things)} works{more}")


def refusal(phase: Review, scene: Scene, act: Act | Entry) -> str | None:
    if isinstance(act, Entry) or act.verb not in ("verdict", "revise"):
        return "in this phase works are looked at, nothing else"
    if act.about not in scene.thing_set:
        return f"{act.about or 'this'} is none of the works to be looked at"
    case = standing(phase, scene, act.about, act.at)
    if case.decided:
        return f"{act.about} is decided already: {case.state}"
    if act.verb == "revise":
        if act.by not in scene.authors_of(act.about):
            return f"{act.by} is not the author of {act.about}"
        return None if case.state == "returned" else f"{act.about} was not returned"
    if (reason := not_asked(scene, act)) is not None:
        return reason
    if case.state == "returned":
        return f"{act.about} is with its author until {case.due:%Y-%m-%d %H:%M} UTC"
    if act.choice not in VERDICTS:
        return f"a verdict is one of {', '.join(VERDICTS)}"
    if act.choice == RETURN and phase.redo is None:
        return "here a work can only be approved or refused"
    if act.choice == RETURN and phase.redo is not None and case.returns >= phase.redo.at_most:
        return f"{act.about} was returned {case.returns} times, which is the most"
    return None


def progress(phase: Review, scene: Scene) -> Progress:
    cases = [standing(phase, scene, work, scene.at) for work in scene.things]
    waiting = [case.due for case in cases if not case.decided]
    if scene.growing is not None:  # one that comes last has its time too
        return Progress(deadline=max([*waiting, scene.until(phase.within, scene.growing)]))
    return Progress(over=not waiting, deadline=max(waiting, default=None))


def settled(phase: Review, scene: Scene, work: str) -> bool:
    """Whether a work is decided."""
    return standing(phase, scene, work, scene.at).decided


def passes(phase: Review, scene: Scene, work: str) -> Request | None:
    """Whose turn it is once a work has gone back: its authors', with the reasons; then that of those who look at it."""
    case = standing(phase, scene, work, scene.at)
    if case.state == "returned":
        said = [act for act in scene.about.get(work, ()) if act.verb == "verdict" and act.version == case.version]
        reasons = [
            {**({} if phase.blind else {"by": act.role or act.by}), **act.fields}
            for act in said
            if act.choice == RETURN
        ]
        asked = tuple(who for who in scene.authors_of(work) if not who.startswith(ROLE))
        told = {"returned": reasons, "times": case.returns}
        return Request(
            asked=asked, about=work, choices=(REVISE,), due=case.due, turn=f"{case.version}{BACK}", details=told
        )
    if case.state == "waiting" and case.version > 1:
        return Request(
            asked=scene.asked_about(work),
            about=work,
            choices=_choices(phase),
            form=phase.form,
            due=case.due,
            turn=str(case.version),
            details=_flag(phase, scene, work),
        )
    return None


def closing(phase: Review, scene: Scene) -> Closing:
    accepted: tuple[str, int | None] = ("accepted", int(phase.credit))
    refused: tuple[str, int | None] = ("refused", None)
    states = {
        work: accepted if standing(phase, scene, work, scene.at).state == "approved" else refused
        for work in scene.things
    }
    approved_works = [work for work in scene.things if states[work][0] == "accepted"]
    authors = list(dict.fromkeys(author for work in approved_works for author in scene.authors_of(work)))
    reviewers = (act.by for act in scene.in_order if act.verb != "revise" and act.role is None)
    return Closing(
        outcome="done" if approved_works else "short",
        results={
            "approved": approved_works,
            "refused": [work for work in scene.things if states[work][0] == "refused"],
            "authors": authors,
            **({} if phase.scope is None else {"outside": [one for one in scene.things if outside(phase, scene, one)]}),
        },
        notes=Told(lambda: _notes(phase, scene)),
        works=states,
        parts=dict.fromkeys(reviewers, "reviewer"),
    )


def _notes(phase: Review, scene: Scene) -> Iterator[Note]:
    credit = int(phase.credit)
    for work in scene.things:
        case = standing(phase, scene, work, scene.at)
        approved = case.state == "approved"
        for key, member, part in _credited(scene, work, credit):
            said: dict[str, object] = {"work": work, "credit": part} if approved else {"work": work}
            yield Note(kind="accepted" if approved else "refused", key=key, at=case.due, member=member, fields=said)
            if case.abandoned and member is not None:
                yield Note(kind="missed", key=key, at=case.due, member=member)
    for act in scene.in_order:
        author = scene.author_of(act.about)
        member = author if author and not author.startswith(ROLE) else None
        key = f"{scene.visit}/{act.about}/{act.version}/{act.by}"
        if act.verb == "revise":
            fields = {"work": act.about, "late": False, "by": act.by}
            yield Note(kind="submitted", key=key, at=act.at, member=member, fields=fields)
            continue
        given = {"work": act.about, "choice": act.choice, "by": act.by}
        yield Note(kind="reviewed", key=key, at=act.at, member=act.by if act.role is None else None, fields=given)
        if act.choice == RETURN:
            back = {"work": act.about, "by": act.by}
            yield Note(kind="returned", key=key, at=act.at, member=member, fields=back)
        if phase.form is not None:
            form = {**act.fields, "work": act.about, "by": act.by}
            yield Note(kind=phase.form, key=key, at=act.at, member=member, fields=form)


def towards(phase: Review, scene: Scene, outcome: str, cast: Cast) -> Sequence[Planned]:
    """Every work that is not decided yet is approved, or refused."""
    verdict = APPROVE if outcome == "done" else REFUSE
    acts = []
    for work in scene.things:
        case = standing(phase, scene, work, scene.at)
        free = list(scene.asked_about(work))
        said = {act.by for act in scene.about.get(work, ()) if act.version == case.version}
        wanted = 0 if case.decided else max(_needed(phase, scene, work), 1)
        acts += [(who, work, case.version) for who in several(free, wanted) if who not in said]
    return [
        replace(_verdict(cast.moment(seq), who, work, version, verdict, cast.fill(phase.form, work, version)), seq=seq)
        for seq, (who, work, version) in enumerate(acts)
    ]


def improvise(phase: Review, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    acts: list[tuple[datetime, Planned]] = []
    for work in scene.things:
        free = list(scene.asked_about(work))
        if not free or crowd.percent("silent", work) < 4:
            continue
        reviewers = crowd.some(_needed(phase, scene, work) or 1, free)
        since, version, returns = _since(scene, work), 1, 0
        while True:
            until = scene.until(phase.within, since)
            drawn = crowd.percent("verdict", work, version)
            verdict = APPROVE if drawn < 86 else REFUSE if drawn < 93 else RETURN
            if verdict == RETURN and (phase.redo is None or returns >= phase.redo.at_most):
                verdict = APPROVE
            last = since
            for who in reviewers:
                when = crowd.moment(since, until, "look", work, version, who)
                acts.append((when, _verdict(when, who, work, version, verdict, crowd.fill(phase.form, work, version))))
                last = max(last, when)
            if verdict != RETURN or phase.redo is None or crowd.percent("gives up", work, version) < 10:
                break
            since = crowd.moment(last, scene.until(phase.redo.within, last), "revise", work, version)
            version, returns = version + 1, returns + 1
            author = scene.author_of(work) or ""
            fields = dict(scene.works[work].fields) if work in scene.works else {}
            revised = Planned(seq=0, at=since, verb="revise", by=author, about=work, fields=fields, version=version)
            acts.append((since, revised))
    acts.sort(key=lambda act: (act[0], act[1].about, act[1].version, act[1].by))
    return [replace(planned, seq=seq) for seq, (_, planned) in enumerate(acts)]


def standing(phase: Review, scene: Scene, work: str, at: datetime) -> Case:
    """How it stands with a work at a moment."""
    mine = scene.about.get(work, ())
    version, since, returns = 1, _since(scene, work), 0
    needed = _needed(phase, scene, work)
    while True:
        given: Counter[str] = Counter()
        decided: Act | None = None
        for act in mine:
            if act.verb == "verdict" and act.version == version and act.choice is not None:
                given[act.choice] += 1
                if given[act.choice] >= max(needed, 1):
                    decided = act
                    break
        if decided is None:
            due = scene.until(phase.within, since)
            if at < due:
                return Case(state="waiting", version=version, due=due, returns=returns)
            approves = phase.if_silent == APPROVE and not outside(phase, scene, work)
            state = "approved" if approves else "refused"
            return Case(state=state, version=version, due=due, returns=returns, silent=True)
        if decided.choice != RETURN or phase.redo is None:
            state = "approved" if decided.choice == APPROVE else "refused"
            return Case(state=state, version=version, due=decided.at, returns=returns)
        returns += 1
        revised = next((act for act in mine if act.verb == "revise" and act.version == version + 1), None)
        if revised is None:
            due = scene.until(phase.redo.within, decided.at)
            if at < due:
                return Case(state="returned", version=version, due=due, returns=returns)
            return Case(state="refused", version=version, due=due, returns=returns, abandoned=True)
        version, since = version + 1, revised.at


def outside(phase: Review, scene: Scene, work: str) -> dict[str, str]:
    """Fields of a work that are not among what was agreed; where nothing was agreed, nothing is outside."""
    known = scene.works.get(work)
    found: dict[str, str] = {}
    for name in phase.scope or ():
        agreed, value = scene.agreed.get(name), known.fields.get(name) if known is not None else None
        values = {str(one) for one in (value if isinstance(value, list | tuple | set | frozenset) else [value])}
        if agreed and value is not None and (beyond := sorted(values - agreed)):
            found[name] = ", ".join(beyond)
    return found


def _choices(phase: Review) -> tuple[str, ...]:
    return VERDICTS if phase.redo is not None else (APPROVE, REFUSE)


def _flag(phase: Review, scene: Scene, work: str) -> dict[str, object]:
    """What whoever looks at a work should know first."""
    beyond = outside(phase, scene, work)
    said = [f"{name} {value}, agreed {', '.join(sorted(scene.agreed[name]))}" for name, value in beyond.items()]
    return {"outside": "; ".join(said)} if said else {}


def _credited(scene: Scene, work: str, credit: int) -> list[tuple[str, str | None, int]]:
    """Whom a verdict about a work is about: a key of its own for each, the member, and their part of the credit."""
    known = scene.works.get(work)
    parts = replace(known, credit=credit).credited() if known is not None else {}
    if len(parts) < 2:
        return [(f"{scene.visit}/{work}", next(iter(parts), None), credit)]
    return [(f"{scene.visit}/{work}/{member}", member, part) for member, part in parts.items()]


def _since(scene: Scene, work: str) -> datetime:
    """Since when a work waits for its verdict: one that came in later, since then."""
    known = scene.works.get(work)
    return scene.opened_at if known is None else max(scene.opened_at, known.at)


def _needed(phase: Review, scene: Scene, work: str) -> int:
    """How many equal verdicts decide about a work; not more than there are people who may give one."""
    needed = enough(phase.needs, len(scene.own.get(work, scene.asked)))
    free = able(scene, work)
    return needed if free is None else min(needed, free)


def _verdict(when: datetime, who: str, work: str, version: int, verdict: str, fields: dict[str, object]) -> Planned:
    role = who.partition("#")[0] if who.startswith(ROLE) else None
    return Planned(
        seq=0, at=when, verb="verdict", by=who, role=role, about=work, choice=verdict, fields=fields, version=version
    )
