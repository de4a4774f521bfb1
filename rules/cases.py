"""Cases: what operations expect of their own specs, held against what the specs decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.decision import Reason
from rules.errors import Unfit
from rules.evaluate import Look, evaluate
from rules.firing import firing
from rules.gate import Gate
from rules.ladder import next_step
from rules.lifecycle import NOWHERE, next_stage
from rules.rulebook import Rulebook, titles_held
from rules.spec.community import Community
from rules.spec.documents.cases import Case, Decision, Expect, Play, Timeline
from rules.timeline import moment_in_words, unroll
from rules.walk import recorded, refusals, walk


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case came out.

    Args:
        case: as it was written.
        wrong: a sentence for each expectation that does not hold; nothing when it holds.
        came: what came out instead, in words.
        reasons: every leaf that was looked at.
        not_yet: the phases of a play that cannot be played yet, so that it was only walked through.
        trace: of a play: what happened, in order of time.
        end: of a play: how it ended.
    """

    case: Case
    wrong: tuple[str, ...]
    came: str = ""
    reasons: tuple[Reason, ...] = ()
    not_yet: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    end: str = ""

    @property
    def holds(self) -> bool:
        """Whether everything came out as expected."""
        return not self.wrong


def judge(
    community: Community,
    rulebook: Rulebook,
    case: Case,
    at: datetime,
    look: Look = evaluate,
    gate: Gate | None = None,
) -> Verdict:
    """Hold one case against the specs it belongs to.

    Args:
        rulebook: the community's rules, compiled.
        at: the moment of the case.
        look: how conditions are looked at; a `rules.coverage.Watch` notes what it sees.
        gate: of this community, if there is one already.
    """
    try:
        if isinstance(case, Play):
            return _play(community, case)
        if isinstance(case, Timeline):
            return _timeline(community, rulebook, case, at, look)
        came = came_out(community, rulebook, case, at, look, gate)
    except Unfit as refused:
        return Verdict(case, (str(refused),))
    return Verdict(case, tuple(came.wrong(case)), str(came), came.reasons)


@dataclass(frozen=True, slots=True)
class Came:
    """How a situation was decided.

    Args:
        outcome: of a ladder or the lifecycle; None where rules or titles were asked for.
        to: tier or stage.
        reasons: every leaf that was looked at.
        fired: rules that fire.
        titles: titles held.
        ignored: what was given and means nothing here.
        unknown: the ladder that does not exist.
    """

    outcome: str | None = None
    to: str | None = None
    reasons: tuple[Reason, ...] = ()
    fired: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    unknown: str = ""

    @property
    def why(self) -> tuple[str, ...]:
        """The leaves that decided: true ones of what happens, false or unknown ones of what does not."""
        return self._leaves(happens=self.outcome in ("promote", "move"))

    def _leaves(self, *, happens: bool) -> tuple[str, ...]:
        return tuple(sorted({reason.metric for reason in self.reasons if (reason.truth is True) is happens}))

    @property
    def part_in_it(self) -> frozenset[str]:
        """The leaves that a case may name: of whoever keeps a tier what keeps it and what is lacking to rise."""
        return frozenset((*self.why, *(self._leaves(happens=True) if self.outcome == "keep" else ())))

    def __str__(self) -> str:
        if self.outcome is not None:
            return f"{self.outcome} to {self.to}" if self.to else self.outcome
        return f"fires {_list(self.fired)}" if self.fired else f"titles {_list(self.titles)}"

    def wrong(self, case: Decision) -> list[str]:
        """A sentence for each expectation that does not hold."""
        if self.ignored:
            return [f"gives {_list(self.ignored)}, which nothing here is called"]
        if self.unknown:
            return [f"there is no ladder '{self.unknown}'"]
        return _differs(case.expect, case.of, self)


def _differs(expect: Expect, of: str, came: Came) -> list[str]:
    """What differs from what was expected."""
    wrong = [f"'{rule}' does not fire" for rule in expect.fires if rule not in came.fired]
    wrong += [f"'{rule}' fires" for rule in expect.not_ if rule in came.fired]
    if expect.titles is not None and list(came.titles) != sorted(expect.titles):
        wrong.append(f"holds {_list(came.titles)}")
    if of in ("rules", "titles"):
        return wrong
    if expect.outcome is not None and expect.outcome != came.outcome:
        to = f" to {came.to}" if came.to else ""
        wrong.append(f"comes out as {came.outcome}{to}, because of {_list(came.why)}")
    elif expect.to is not None and expect.to != came.to:
        wrong.append(f"goes to {came.to}")
    if missing := sorted(set(expect.because) - came.part_in_it):
        wrong.append(f"{_list(missing)} had no part in it, but {_list(came.why)}")
    return wrong


def _timeline(community: Community, rulebook: Rulebook, case: Timeline, at: datetime, look: Look) -> Verdict:
    """Every review of a timeline against what it must decide."""
    wrong, trace, came, reasons = [], [], [], tuple[Reason, ...]()
    for one in unroll(community, rulebook, case, at, look):
        when = moment_in_words(one.at, at, community)
        kind = case.of if case.of in ("rules", "titles") else ""
        found = Came(None if kind else one.outcome, one.to, one.reasons, one.fired, one.titles)
        problems = _differs(one.expect, case.of, found)
        came.append(f"{when}: {found}")
        trace.append(f"{when}: {found}" + (f", because of {_list(found.why)}" if found.why else ""))
        wrong += [f"on {when} {problem}" for problem in problems]
        if problems and not reasons:
            reasons = one.reasons
    return Verdict(case, tuple(wrong), "; ".join(came), reasons, trace=tuple(trace))


def came_out(
    community: Community,
    rulebook: Rulebook,
    case: Decision,
    at: datetime,
    look: Look = evaluate,
    gate: Gate | None = None,
) -> Came:
    """Decide the situation of a case, whatever it expects.

    Args:
        gate: of this community, if there is one already.

    Raises:
        Unfit: a value is not of the type of its name.
    """
    gate = gate or Gate(community, rulebook)
    gate.ignored.clear()
    evidence = gate.evidence(case.subject.attributes, case.subject.metrics, case.community)
    if gate.ignored:
        return Came(ignored=tuple(gate.ignored))
    who = case.subject.id
    match case.of:
        case "rules":
            asked = [rule for rule in rulebook.rules if rule.value in (None, case.value)]
            fired = {decision.rule.partition("@")[0] for decision in firing(asked, who, evidence, at)}
            named = {*case.expect.fires, *case.expect.not_}  # what nothing is said of is not held against anything
            traces = [look(rule.when, evidence) for rule in asked if rule.id in named]
            reasons = tuple(reason for trace in traces for reason in trace.reasons())
            return Came(fired=tuple(sorted(fired)), reasons=reasons)
        case "titles":
            return Came(titles=tuple(titles_held(rulebook, evidence, look)))
        case "lifecycle":
            move = next_stage(rulebook.transitions, who, evidence, at)
            stage = str(evidence.attributes.get("stage") or NOWHERE)
            traces = [look(way.when, evidence) for way in rulebook.transitions if stage in way.from_]
            if move is not None:
                return Came(move.outcome, move.to, move.reasons)
            return Came("none", reasons=tuple(reason for trace in traces for reason in trace.reasons()))
    name = f"{case.ladder}@{case.value}" if case.value else case.ladder
    ladder = next((one for one in rulebook.ladders if one.name == name), None)
    if ladder is None:
        return Came(unknown=name)
    decided = next_step(ladder, who, evidence, at, look)
    return Came(decided.outcome, decided.to, decided.reasons)


def _play(community: Community, case: Play) -> Verdict:
    """A play, walked through."""
    mode = community.bind(case.task)
    went = walk(mode, case.comes_out)
    wrong = went_wrong(case, went.end, (went.path,))
    for step, refused in refusals(mode, case.steps):
        if step.refused != refused:
            wrong.append(f"{step.who}'s {step.does} in {step.in_} is {'refused' if refused else 'taken'}")
    facts = recorded(mode, went, case.steps)
    wrong += [f"does not record {in_a_fact(wanted)}" for wanted in case.expect.facts if not _among(wanted, facts)]
    return Verdict(case, tuple(wrong), f"{', '.join(went.path)}; {went.end}", end=went.end)


def went_wrong(case: Play, end: str, paths: Sequence[tuple[str, ...]]) -> list[str]:
    """What of the path and the end of a play is not as expected.

    Args:
        paths: how it went, told in several ways; one of them must be the expected one.
    """
    wrong = []
    if case.expect.path and case.expect.path not in paths:
        wrong.append(f"goes through {_list(paths[0])}")
    if case.expect.end is not None and end != case.expect.end:
        wrong.append(f"ends with {end}")
    return wrong


def in_a_fact(wanted: Mapping[str, int | str]) -> str:
    """An expected fact as it is written: `{ judged: li-1, place: 1 }`."""
    return "{ " + ", ".join(f"{name}: {value}" for name, value in wanted.items()) + " }"


def _among(wanted: Mapping[str, int | str], facts: Iterable[Mapping[str, int | str]]) -> bool:
    return any(wanted.items() <= fact.items() for fact in facts)


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


def expected(case: Case) -> str:
    """What a case expects, in words."""
    said = []
    if isinstance(case, Play):
        if case.expect.path:
            said.append(f"goes through {_list(case.expect.path)}")
        if case.expect.end is not None:
            said.append(f"ends with {case.expect.end}")
        said += [f"records {in_a_fact(fact)}" for fact in case.expect.facts]
        return "; ".join(said) or "every step as it is written"
    if isinstance(case, Timeline):
        lines = [(line.on, line.review) for line in case.happens if line.review is not None]
        return "; ".join(f"after {on or '0d'}: {_expects(review)}" for on, review in lines)
    return _expects(case.expect)


def _expects(expect: Expect) -> str:
    said = []
    if expect.outcome is not None:
        said.append(f"{expect.outcome} to {expect.to}" if expect.to else expect.outcome)
    elif expect.to is not None:
        said.append(f"to {expect.to}")
    if expect.because:
        said.append(f"because of {_list(expect.because)}")
    if expect.fires:
        said.append(f"fires {_list(expect.fires)}")
    if expect.not_:
        said.append(f"does not fire {_list(expect.not_)}")
    if expect.titles is not None:
        said.append(f"titles {_list(expect.titles)}")
    return "; ".join(said)
