"""Cases: what operations expect of their own specs, held against what the specs decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from rules.decision import Reason
from rules.errors import Unfit
from rules.firing import firing
from rules.gate import Gate
from rules.ladder import next_step
from rules.lifecycle import next_stage
from rules.rulebook import Rulebook, titles_held
from rules.spec.community import Community
from rules.spec.documents.cases import Case, Decision, Play
from rules.values import Evidence
from rules.walk import recorded, refusals, walk


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case came out.

    Args:
        case: as it was written.
        wrong: a sentence for each expectation that does not hold; nothing when it holds.
    """

    case: Case
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything came out as expected."""
        return not self.wrong


def judge(community: Community, rulebook: Rulebook, case: Case, at: datetime) -> Verdict:
    """Hold one case against the specs it belongs to.

    Args:
        rulebook: the community's rules, compiled.
        at: the moment of the case.
    """
    try:
        wrong = _play(community, case) if isinstance(case, Play) else _decision(community, rulebook, case, at)
    except Unfit as refused:
        wrong = [str(refused)]
    return Verdict(case, tuple(wrong))


def _decision(community: Community, rulebook: Rulebook, case: Decision, at: datetime) -> list[str]:
    gate = Gate(community, rulebook)
    evidence = gate.evidence(case.subject.attributes, case.subject.metrics, case.community)
    if gate.ignored:
        return [f"gives {_list(gate.ignored)}, which nothing here is called"]
    match case.of:
        case "rules":
            return _fired(rulebook, case, evidence, at)
        case "titles":
            held = titles_held(rulebook, evidence)
            return [] if held == sorted(case.expect.titles or ()) else [f"holds {_list(held)}"]
        case "lifecycle":
            move = next_stage(rulebook.transitions, case.subject.id, evidence, at)
            return _expected(case, "none", None, ()) if move is None else _expected(case, move.outcome, move.to, ())
    name = f"{case.ladder}@{case.value}" if case.value else case.ladder
    ladder = next((one for one in rulebook.ladders if one.name == name), None)
    if ladder is None:
        return [f"there is no ladder '{name}'"]
    decided = next_step(ladder, case.subject.id, evidence, at)
    return _expected(case, decided.outcome, decided.to, decided.reasons)


def _expected(case: Decision, outcome: str, to: str | None, reasons: Iterable[Reason]) -> list[str]:
    """What differs from what a decision about a standing was expected to be."""
    wrong = []
    why = {reason.metric for reason in reasons if reason.truth is not True}
    expect = case.expect
    if expect.outcome is not None and expect.outcome != outcome:
        wrong.append(f"comes out as {outcome}{f' to {to}' if to else ''}, because of {_list(sorted(why))}")
    elif expect.to is not None and expect.to != to:
        wrong.append(f"goes to {to}")
    if missing := sorted(set(expect.because) - why):
        wrong.append(f"{_list(missing)} had no part in it, but {_list(sorted(why))}")
    return wrong


def _fired(rulebook: Rulebook, case: Decision, evidence: Evidence, at: datetime) -> list[str]:
    asked = [rule for rule in rulebook.rules if rule.value in (None, case.value)]
    fired = {decision.rule.partition("@")[0] for decision in firing(asked, case.subject.id, evidence, at)}
    wrong = [f"'{rule}' does not fire" for rule in case.expect.fires if rule not in fired]
    return wrong + [f"'{rule}' fires" for rule in case.expect.not_ if rule in fired]


def _play(community: Community, case: Play) -> list[str]:
    mode = community.bind(case.task)
    went = walk(mode, case.comes_out)
    wrong = []
    if case.expect.path and went.path != case.expect.path:
        wrong.append(f"goes through {_list(went.path)}")
    if case.expect.end is not None and went.end != case.expect.end:
        wrong.append(f"ends with {went.end}")
    for step, refused in refusals(mode, case.steps):
        if step.refused != refused:
            wrong.append(f"{step.who}'s {step.does} in {step.in_} is {'refused' if refused else 'taken'}")
    facts = recorded(mode, went, case.steps)
    wrong += [f"does not record {wanted}" for wanted in case.expect.facts if not _among(wanted, facts)]
    return wrong


def _among(wanted: Mapping[str, int | str], facts: Iterable[Mapping[str, int | str]]) -> bool:
    return any(wanted.items() <= fact.items() for fact in facts)


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
