"""Every case that the project's own communities come with holds, in each reading."""

import pytest

from rules.firing import firing
from rules.gate import Gate
from rules.ladder import next_step
from rules.lifecycle import next_stage
from rules.rulebook import compile_rulebook, titles_held
from rules.spec.documents.cases import Decision
from rules.time import moment
from tests.rules.deciding.communities import sample

AT = moment("2027-03-01 06:00", sample("auto").zone)
CASES = [
    pytest.param(name, case, id=f"{name}: {case.name}")
    for name in ("auto", "maintainers")
    for case in sample(name).cases
    if isinstance(case, Decision)
]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_case_comes_out_as_its_community_expects(name: str, case: Decision) -> None:
    community = sample(name)
    book = compile_rulebook(community)
    gate = Gate(community, book)
    evidence = gate.evidence(case.subject.attributes, case.subject.metrics, case.community)
    expected = case.expect
    if case.of == "tiers":
        ladder = next(one for one in book.ladders if one.id == case.ladder and one.value == case.value)
        decision = next_step(ladder, case.subject.id, evidence, AT)
        assert (decision.outcome, decision.to) == (expected.outcome, expected.to)
        undone = {reason.metric for reason in decision.reasons if reason.truth is not True}
        assert set(expected.because) <= undone
    elif case.of == "titles":
        assert titles_held(book, evidence) == sorted(expected.titles or ())
    elif case.of == "lifecycle":
        move = next_stage(book.transitions, case.subject.id, evidence, AT)
        assert (move.outcome, move.to) == (expected.outcome, expected.to) if move else expected.outcome == "none"
    else:
        asked = [rule for rule in book.rules if rule.value in (None, case.value)]
        fired = {decision.rule.partition("@")[0] for decision in firing(asked, case.subject.id, evidence, AT)}
        assert set(expected.fires) <= fired
        assert not set(expected.not_) & fired
    assert not gate.ignored
