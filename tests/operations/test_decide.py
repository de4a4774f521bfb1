"""Decide from a file: the contracted shape, the same for few and for many, and every mistake named."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from operations import decide as module
from operations.decide import decide
from operations.facts_file import BadFacts, Facts, read_facts
from rules.gate import Gate
from rules.rulebook import Rulebook, compile_rulebook, titles_held
from rules.spec import Community
from tests.rules.deciding.communities import sample

AT = datetime(2026, 11, 20, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def auto() -> Community:
    return sample("auto")


@pytest.fixture(scope="module")
def book(auto: Community) -> Rulebook:
    return compile_rulebook(auto)


def facts(auto: Community, book: Rulebook, document: Any) -> Facts:
    return read_facts(json.dumps(document, ensure_ascii=False).encode(), Gate(auto, book), auto.zone, "facts.json")


def crowd(number: int) -> dict[str, Any]:
    lot = random.Random(5)
    members = []
    for n in range(number):
        attributes: dict[str, Any] = {
            "tier": lot.choice(["base", "active", "core", "ambassador"]),
            "days_in_tier": lot.randrange(500),
            "titles": lot.choice([[], ["on-leave"], ["topic-starter", "mentor"]]),
            "consent": lot.random() < 0.9,
            "below_for": lot.randrange(40),
        }
        if lot.random() < 0.7:
            attributes["stage"] = lot.choice(["emerging", "active", "mature", "evolving"])
        metrics = {
            "active_days": {"30d": lot.randrange(12), "90d": lot.randrange(40)},
            "quality_posts": {"90d": lot.randrange(5)},
            "mean_quality": {"90d": f"0.{lot.randrange(100):02d}"},
            "strikes": {"180d": lot.randrange(3), "365d": 0},
            "touches": {"180d": lot.randrange(4), "4w": 0},
            "entries": {"90d": lot.randrange(6)},
            "likes_received": {"90d": lot.randrange(90)},
            "said_cannot_go_on": {"14d": lot.randrange(2)},
        }
        for name in list(metrics):
            if lot.random() < 0.1:
                del metrics[name]
        members.append({"id": f"m{n}", "attributes": attributes, "metrics": metrics})
    return {"at": "2026-11-21T06:00:00+08:00", "members": members, "community": {"posts": {"100d": 2000}}}


def test_one_decision_for_each_ladder_with_reasons_in_the_words_of_the_language(
    auto: Community, book: Rulebook
) -> None:
    document = {
        "members": [
            {
                "id": "m1",
                "attributes": {"tier": "base", "stage": "emerging", "titles": []},
                "metrics": {"active_days": {"30d": 6}, "quality_posts": {"90d": 2}, "mean_quality": {"90d": "0.71"}},
            }
        ]
    }
    found = decide(book, facts(auto, book, document), AT).data()

    assert found["digest"] == auto.digest
    tier = next(decision for decision in found["decisions"] if decision["rule"] == "tier")
    assert (tier["member"], tier["outcome"], tier["from"], tier["to"]) == ("m1", "none", "base", None)
    assert list(tier) == ["member", "rule", "outcome", "from", "to", "reasons"]
    assert {
        "metric": "active_days",
        "over": "30d",
        "value": 6,
        "comparison": "at_least",
        "threshold": 6,
        "truth": "true",
    } in tier["reasons"]
    strikes = next(reason for reason in tier["reasons"] if reason["metric"] == "strikes")
    assert (strikes["value"], strikes["truth"]) == (None, "unknown")


def test_many_members_are_decided_as_each_alone(
    auto: Community, book: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = facts(auto, book, crowd(400))
    at_once = decide(book, told, AT).data()
    monkeypatch.setattr(module, "FEW", 10**6)

    assert decide(book, told, AT).data() == at_once
    outcomes = {decision["outcome"] for decision in at_once["decisions"]}
    assert outcomes >= {"promote", "keep", "grace", "demote", "none", "move", "fired"}
    order = [(decision["member"], decision["rule"]) for decision in at_once["decisions"]]
    assert order == sorted(order)


def test_the_order_of_the_file_does_not_matter(auto: Community, book: Rulebook) -> None:
    document = crowd(40)
    forward = decide(book, facts(auto, book, document), AT).data()
    document["members"].reverse()
    assert decide(book, facts(auto, book, document), AT).data() == forward


@pytest.mark.parametrize(
    ("metrics", "attributes", "message"),
    [
        ({"active_days": {"30d": "6"}}, {}, "active_days over 30d: expected a whole number, found '6'"),
        ({"active_days": {"30d": True}}, {}, "active_days over 30d: expected a whole number, found true"),
        ({"active_days": {"30d": 2**60}}, {}, "too large"),
        ({"active_days": {"30m": 6}}, {}, "active_days: '30m' is no window"),
        ({"active_days": 6}, {}, "active_days: expected windows"),
        ({"mean_quality": {"90d": 0.71}}, {}, "mean_quality over 90d: expected a decimal, found 0.71"),
        ({"mean_quality": {"90d": "0.715"}}, {}, "more than 2 decimal places"),
        ({}, {"tier": "gold"}, "tier: 'gold' is not one of its values"),
        ({}, {"titles": "mentor"}, "titles: expected a list of texts"),
        ({}, {"consent": "yes"}, "consent: expected true or false"),
        ({}, {"below_for": "3d"}, "below_for: expected a whole number"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_line_and_member(
    auto: Community, book: Rulebook, metrics: Any, attributes: Any, message: str
) -> None:
    document = {"members": [{"id": "m1"}, {"id": "m2", "attributes": attributes, "metrics": metrics}]}
    content = json.dumps(document, indent=1).encode()
    with pytest.raises(BadFacts) as refused:
        read_facts(content, Gate(auto, book), auto.zone, "facts.json")

    (problem,) = refused.value.problems
    assert (problem.file, problem.member) == ("facts.json", "m2")
    assert message in problem.message
    line = content.decode().splitlines()[problem.line - 1]
    assert any(word in line for word in ('"30', '"90d', '"active_days', *attributes))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "members is missing"),
        (b'{"member": []}', "members is missing"),
        (b'{"members": {}}', "members is no list"),
        (b'{"members": [3]}', "member number 1 is no object"),
        (b'{"members": [{"id": 3}]}', "member number 1 has no id"),
        (b'{"members": [{"id": "a"}, {"id": "a"}]}', "member a is given twice"),
        (b'{"at": "noon", "members": []}', "at: 'noon' is no moment"),
        (b'{"members": [{"id": "a", "metrics": []}]}', "metrics: expected an object"),
        (b'{"members": [\n{"id": "a",}]}', "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
    ],
    ids=lambda value: value[:20].decode("utf-8", "replace") if isinstance(value, bytes) else value,
)
def test_a_file_of_another_shape_is_refused_in_a_sentence(
    auto: Community, book: Rulebook, content: bytes, message: str
) -> None:
    with pytest.raises(BadFacts, match=message):
        read_facts(content, Gate(auto, book), auto.zone, "facts.json")


def test_names_that_mean_nothing_here_are_remembered_and_passed_over(auto: Community, book: Rulebook) -> None:
    gate = Gate(auto, book)
    document = {"members": [{"id": "a", "attributes": {"shoe_size": 43}, "metrics": {"follows": {"30d": 1}}}]}
    told = read_facts(json.dumps(document).encode(), gate, auto.zone, "facts.json")
    assert list(gate.ignored) == ["shoe_size", "follows"]
    assert told.members["a"].attributes == {}


def test_the_titles_that_members_hold_are_told_the_same_for_few_and_for_many(
    auto: Community, book: Rulebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = facts(auto, book, crowd(400))
    at_once = decide(book, told, AT).titles
    monkeypatch.setattr(module, "FEW", 10**6)

    assert decide(book, told, AT).titles == at_once
    assert at_once == {member: titles_held(book, evidence) for member, evidence in told.members.items()}
    assert any(at_once.values())


def test_a_community_without_titles_tells_of_none() -> None:
    forum = sample("examples/forum")
    document = {"members": [{"id": "m1", "attributes": {"tier": "tl0"}}]}
    found = decide(compile_rulebook(forum), facts(forum, compile_rulebook(forum), document), AT).data()
    assert list(found) == ["digest", "decisions"]
