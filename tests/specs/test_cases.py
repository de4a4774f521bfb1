"""Every case that the communities of the project come with holds, and would not hold turned around."""

from pathlib import Path

import pytest

from operations.examine import examine
from rules.cases import Verdict, judge
from rules.condition import Condition
from rules.decision import Reason
from rules.evaluate import evaluate
from rules.rulebook import Rulebook, compile_rulebook
from rules.spec import load
from rules.spec.community import Community
from rules.spec.documents.cases import Case, Cases, Decision, Play
from rules.time import moment
from rules.values import Evidence
from rules.walk import SKIPPED, walk
from store.folder import read_folder
from workflows.paper.verdict import judge_play
from workflows.phases import discover

SPECS = Path(__file__).parents[2] / "specs"
FOLDERS = sorted(folder.name for folder in SPECS.iterdir() if (folder / "community.yaml").exists())


def loaded(name: str) -> Community:
    community = load(read_folder(SPECS / name), discover()).community
    assert community is not None
    return community


COMMUNITIES = {name: loaded(name) for name in FOLDERS}
RULEBOOKS: dict[str, Rulebook] = {name: compile_rulebook(community) for name, community in COMMUNITIES.items()}


def written(name: str) -> list[tuple[str, Case]]:
    return [
        (document.model.at, case)
        for document in COMMUNITIES[name].documents
        if isinstance(document.model, Cases)
        for case in document.model.cases
    ]


ALL = [(name, at, case) for name in FOLDERS for at, case in written(name)]
DECISIONS = [(name, at, case) for name, at, case in ALL if isinstance(case, Decision)]
PLAYS = [(name, at, case) for name, at, case in ALL if isinstance(case, Play)]


def verdict(name: str, at: str, case: Case) -> Verdict:
    community = COMMUNITIES[name]
    now = moment(at, community.zone)
    if isinstance(case, Play):
        return judge_play(community, RULEBOOKS[name], case, now, None)
    return judge(community, RULEBOOKS[name], case, now)


@pytest.mark.parametrize(("name", "at", "case"), ALL, ids=[f"{n}: {c.name}" for n, _, c in ALL])
def test_the_case_holds(name: str, at: str, case: Case) -> None:
    assert verdict(name, at, case).wrong == ()


@pytest.mark.parametrize("name", FOLDERS)
def test_the_cases_see_every_condition_hold_and_fail(name: str) -> None:
    community = COMMUNITIES[name]
    examined = examine(community, RULEBOOKS[name], judge_play)
    assert [(gap.spot.where, gap.spot.text, gap.missing) for gap in examined.coverage.uncovered] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_no_play_would_hold_turned_around(name: str) -> None:
    kept = []
    for at, case in ((at, case) for n, at, case in PLAYS if n == name):
        end = "cancel" if case.expect.end != "cancel" else "end"
        turned = case.model_copy(update={"expect": case.expect.model_copy(update={"end": end})})
        if verdict(name, at, turned).holds:
            kept.append(case.name)
    assert kept == []


def test_no_decision_would_hold_turned_around() -> None:
    kept = []
    for name, at, case in DECISIONS:
        expect = case.expect
        other: dict[str, object]
        if case.of == "rules":
            other = {"fires": expect.not_, "not": expect.fires}
        elif case.of == "titles":
            other = {"titles": (*(expect.titles or ()), "nobody-holds-this")}
        elif case.of == "lifecycle":
            other = {"outcome": "none"} if expect.outcome == "move" else {"outcome": "move", "to": "emerging"}
        else:
            other = {"outcome": "demote" if expect.outcome != "demote" else "promote"}
        turned = case.model_copy(update={"expect": expect.model_validate({**other})})
        if verdict(name, at, turned).holds:
            kept.append((name, case.name))
    assert kept == []


def test_every_ladder_is_cased_in_both_directions() -> None:
    for name in FOLDERS:
        outcomes = {case.expect.outcome for n, _, case in DECISIONS if n == name and case.of == "tiers"}
        assert {"promote", "keep", "grace", "demote", "none"} <= outcomes, name


def test_every_earn_and_keep_condition_of_a_metric_fails_in_some_case() -> None:
    for name in FOLDERS:
        named = {
            (rung.id, leaf.metric)
            for ladder in RULEBOOKS[name].ladders
            for rung in ladder.rungs
            for condition in (rung.earn, rung.keep)
            if condition is not None
            for leaf in _leaves(condition)
        }
        failed = {
            because for n, _, case in DECISIONS if n == name and case.of == "tiers" for because in case.expect.because
        }
        missing = sorted(metric for _, metric in named if metric not in failed and not _is_named(name, metric))
        assert missing == [], name


def test_every_transition_rule_and_task_has_a_case() -> None:
    for name, community in COMMUNITIES.items():
        told = {case.task for n, _, case in PLAYS if n == name}
        assert sorted(set(community.modes) - {community.tasks[task].mode for task in told}) == []
        fired = {rule for n, _, case in DECISIONS if n == name for rule in case.expect.fires}
        silent = {rule for n, _, case in DECISIONS if n == name for rule in case.expect.not_}
        assert sorted(set(community.rules) - fired) == []
        assert sorted(set(community.rules) - silent) == []


def test_a_phase_cannot_come_out_as_it_never_does() -> None:
    mode = COMMUNITIES["auto"].bind("most-beautiful-lines")
    with pytest.raises(Exception, match="the phase entries never comes out as 'late'; one of done, short"):
        walk(mode, {"entries": "late"})
    with pytest.raises(Exception, match="never comes out as 'skipped'"):
        walk(mode, {"entries": SKIPPED})


def test_a_way_back_is_counted_anew_at_each_entry_of_its_body() -> None:
    mode = COMMUNITIES["auto"].bind("most-beautiful-lines")
    went = walk(mode, {"entries": "short", "too-few": "extend"})
    assert went.path == ("call", "entries", "too-few", "entries", "too-few")
    assert went.end == "cancel"


def _leaves(condition: Condition) -> tuple[Reason, ...]:
    return evaluate(condition, Evidence()).reasons()


def _is_named(name: str, metric: str) -> bool:
    declared = COMMUNITIES[name].metrics.get(metric)
    return declared is not None and declared.type == "boolean"


def test_what_a_case_gives_goes_through_the_gate() -> None:
    name, at, case = DECISIONS[0]
    unfit = case.subject.model_copy(update={"metrics": {"posts": {"30d": "six"}}})
    nameless = case.subject.model_copy(update={"attributes": {"tear": "base"}})
    wrong = [verdict(name, at, case.model_copy(update={"subject": subject})).wrong for subject in (unfit, nameless)]
    assert wrong == [
        ("posts over 30d: expected a whole number, found 'six'; such as 40",),
        ("gives tear, which nothing here is called",),
    ]
