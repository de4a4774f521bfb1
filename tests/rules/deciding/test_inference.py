"""The door to durable-rules: limits are met inside, crashes and lies stay outside."""

import os
import signal
from fractions import Fraction

import pytest

from rules.condition import AllOf, AnyOf, Attribute, Condition, Leaf, Measured, Not
from rules.evaluate import truth
from rules.inference import Engine, Unsound, trial
from rules.pool import InferencePool
from rules.reading import Reading
from rules.values import INTEGER, TEXT, Evidence
from tests.rules.deciding.here import durable


def at_least(metric: str, number: int) -> Leaf:
    return Leaf(metric, "30d", Measured(Reading(metric, "30d"), INTEGER), "at_least", (Fraction(number),))


def said(**posts: int) -> Evidence:
    return Evidence({}, {Reading(metric, "30d"): number for metric, number in posts.items()})


@durable
@pytest.mark.parametrize("rules", [1, 65, 130, 600])
def test_however_many_rules_hold_at_once_each_is_found(rules: int) -> None:
    asked: dict[str, Condition] = {f"r{n}": at_least("posts", n) for n in range(rules)}
    with Engine(asked, tried=True, sample=0) as engine:
        assert engine.surely(said(posts=rules // 2)) == {f"r{n}" for n in range(rules // 2 + 1)}
        assert engine.surely(Evidence()) == set()


@durable
def test_rules_that_share_all_but_their_last_condition_are_told_apart() -> None:
    asked: dict[str, Condition] = {
        f"r{n}": AllOf((at_least("posts", 1), at_least("likes", n), at_least("days", 1))) for n in range(300)
    }
    with Engine(asked, tried=True, sample=0) as engine:
        assert engine.surely(said(posts=3, likes=120, days=2)) == {f"r{n}" for n in range(121)}


@durable
def test_a_rule_too_deep_for_the_engine_is_answered_all_the_same() -> None:
    deep: Condition = at_least("posts", 1)
    for n in range(40):
        deep = AllOf((AnyOf((deep, at_least("likes", n))), Not(at_least("days", 500 + n))))
    wide = AllOf(tuple(AnyOf((at_least(f"a{n}", 1), at_least(f"b{n}", 1))) for n in range(12)))
    evidence = said(posts=1, likes=3, days=2, **{f"{side}{n}": 1 for n in range(12) for side in "ab"})
    with Engine({"deep": deep, "wide": wide}, tried=True, sample=0) as engine:
        assert engine.truths(evidence) == {"deep": truth(deep, evidence), "wide": True}


@durable
def test_texts_that_the_engine_would_confuse_are_told_apart() -> None:
    words = ["true", "5", "core", "core!", 'quo"te', "back\\slash", "车主", "x" * 1000, "x" * 999, ""]
    asked: dict[str, Condition] = {
        word: Leaf("city", "all", Attribute(("city",), TEXT), "is", (word,)) for word in words
    }
    with Engine(asked, tried=True, sample=0) as engine:
        for word in words:
            assert engine.surely(Evidence({"city": word})) == {word}
        assert engine.surely(Evidence({"city": "else"})) == set()


@durable
def test_a_hundred_thousand_evaluations_leave_nothing_behind() -> None:
    import resource

    asked: dict[str, Condition] = {f"r{n}": at_least("posts", n) for n in range(20)}
    with Engine(asked, tried=True, sample=0) as engine:
        for n in range(5_000):
            engine.truths(said(posts=n % 25))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for n in range(20_000):
            engine.truths(said(posts=n % 25))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000  # KB


@durable
def test_a_ruleset_that_the_engine_cannot_build_is_refused_and_hurts_nobody() -> None:
    with pytest.raises(Unsound, match="trial"):
        trial('{"0": {"all": [{"m": {"$nonsense": {"f0": 1}}}]}}')


@durable
def test_a_sampled_answer_that_differs_raises_an_alert_and_the_reference_decides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    with Engine({"r": at_least("posts", 3)}, tried=True, alert=lambda name, _: told.append(name), sample=1) as engine:
        monkeypatch.setattr(engine, "_matching", lambda known: set())
        assert engine.truths(said(posts=5)) == {"r": True}
    assert told == ["r"]


def test_without_durable_rules_a_compiled_function_answers() -> None:
    with Engine({"r": at_least("posts", 3)}, use_durable=False) as engine:
        assert [engine.truths(said(posts=n))["r"] for n in (2, 3)] == [False, True]
        assert engine.truths(Evidence())["r"] is None


def test_a_spec_cannot_bring_code_into_the_compiled_function() -> None:
    word = '") or __import__("os").abort() or ("'
    leaf = Leaf("city", "all", Attribute((word,), TEXT), "is", (word,))
    with Engine({word: leaf}, use_durable=False) as engine:
        assert engine.truths(Evidence({word: word})) == {word: True}


@durable
def test_a_killed_process_costs_a_retry_and_no_answer() -> None:
    reports: list[str] = []
    with InferencePool({"r": at_least("posts", 3)}, report=reports.append) as pool:
        assert pool.truths([said(posts=5)]) == [{"r": True}]
        victims = list(pool._pool._processes)  # type: ignore[union-attr]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        assert pool.truths([said(posts=5), said(posts=1), Evidence()]) == [{"r": True}, {"r": False}, {"r": None}]
    assert len(reports) == 1
    assert "died" in reports[0]
