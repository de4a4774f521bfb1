"""What the spec says becomes the tree that is meant: names per value, titles that rest, shares of other readings."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from rules.compile import compile_condition
from rules.decision import Decision
from rules.errors import NotDecidable
from rules.evaluate import evaluate, truth
from rules.gate import Gate
from rules.rulebook import Rulebook, compile_rulebook, decide_member, needed_readings, titles_held
from rules.spec import Community
from rules.spec.conditions import condition
from tests.rules.deciding.communities import MINIMUM, written

AT = datetime(2027, 3, 1, 4, tzinfo=UTC)

COMMUNITY = (
    MINIMUM["community"]
    + """\
lists:
  - id: fields
    title: { en: Fields, zh: 领域 }
    items: [{ id: audio, title: { en: Audio, zh: 影音 } }, { id: tuning, title: { en: Tuning, zh: 改装 } }]
attributes:
  - { id: skills, title: { en: Skills, zh: 能力 }, type: text, many: true, optional: true }
titles:
  - { id: guide, title: { en: Guide, zh: 向导 }, per: fields }
  - id: voice
    title: { en: Voice, zh: 声音 }
    held_by: { from: [tier:core], where: { posts: { at_least: 1, over: 30d } } }
  - { id: helper, title: { en: Helper, zh: 助手 }, while: { consent: { is: true } } }
"""
)
METRICS = """\
schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts:
  - id: posted
    title: { en: Post, zh: 发帖 }
    fields:
      - { id: score, type: decimal, places: 2 }
      - { id: field, type: text, one_of: fields, optional: true }
metrics:
  - { id: posts, title: { en: Posts, zh: 发帖 }, type: integer, from: [posted], take: count, by: field }
  - { id: quality, title: { en: Quality, zh: 质量 }, type: decimal, places: 2,
      from: [posted], take: mean, field: score }
  - { id: quiet, title: { en: Quiet, zh: 沉默 }, type: duration, from: [posted], take: since_last }
  - { id: all_posts, title: { en: All, zh: 全部 }, type: integer, key: community, from: [posted], take: count }
  - { id: share, title: { en: Share, zh: 占比 }, ratio: [posts, all_posts_mine] }
  - { id: all_posts_mine, title: { en: Mine, zh: 我的 }, type: integer, from: [posted], take: count }
"""
LADDER = """\
schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day, at: "06:00" }
tiers:
  - { id: base, title: { en: Base, zh: 基础 } }
  - { id: core, title: { en: Core, zh: 核心 }, earn: { posts: { at_least: 5, over: 30d } } }
"""
CARE = """\
schema: tiers/v1
id: care
title: { en: Care, zh: 维护 }
per: fields
review: { every: day, at: "06:00" }
cooldown: 30d
tiers:
  - { id: visitor, title: { en: Visitor, zh: 访客 } }
  - { id: keeper, title: { en: Keeper, zh: 维护者 }, earn: { posts: { at_least: 3, over: 90d } } }
"""
RULES = """\
schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - id: leads
    per: fields
    when:
      all:
        - posts: { at_least: 2, over: 90d }
        - care: { at_least: keeper }
    then: [{ award: { to: subject, give: [{ title: guide, of: $value }] } }]
  - id: anywhere
    when: { care: { at_least: keeper } }
    then: [{ award: { to: subject, give: [{ points: 1 }] } }]
"""


@cache
def community() -> Community:
    return written(community=COMMUNITY, metrics=METRICS, tiers=LADDER, care=CARE, rules=RULES)


@cache
def book() -> Rulebook:
    return compile_rulebook(community())


def decided(attributes: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Decision]:
    evidence = Gate(community(), book()).evidence(attributes, metrics)
    return {decision.rule: decision for decision in decide_member(book(), "m", evidence, AT)}


def holds(written_: dict[str, Any], attributes: dict[str, Any], metrics: dict[str, Any], **at: str) -> bool | None:
    gate = Gate(community(), book())
    told = gate.evidence(attributes, metrics, {"all_posts": {"30d": 1000}})
    return truth(compile_condition(community(), condition(written_), **at), told)


def test_a_ladder_kept_per_value_is_decided_once_for_each() -> None:
    found = decided({"care@audio": "visitor", "care@tuning": "keeper"}, {"posts": {"90d@audio": 3, "90d@tuning": 9}})

    assert (found["care@audio"].outcome, found["care@audio"].to) == ("promote", "keeper")
    assert (found["care@tuning"].outcome, found["care@tuning"].from_) == ("none", "keeper")
    assert found["care@audio"].reasons[-1].over == "90d@audio"
    assert "leads@tuning" in found
    assert "leads@audio" not in found
    assert "anywhere" in found


def test_a_cooldown_is_that_of_the_value() -> None:
    standing = {"care@audio": "visitor", "days_in_care@audio": 29, "days_in_care@tuning": 90}
    found = decided(standing, {"posts": {"90d@audio": 3}})
    assert (found["care@audio"].outcome, found["care@audio"].because) == ("none", "cooldown")


def test_a_standing_that_nobody_knows_is_not_moved() -> None:
    found = decided({}, {"posts": {"30d": 50}})
    assert (found["tier"].outcome, found["tier"].from_, found["tier"].because) == ("none", None, "unknown")


def test_titles_are_held_by_condition_per_value_and_while_they_do_not_rest() -> None:
    gate = Gate(community(), book())
    one = gate.evidence({"titles": ["guide@audio", "helper"], "consent": False, "tier": "core"}, {"posts": {"30d": 1}})
    assert titles_held(book(), one) == ["guide", "voice"]
    asked = {"titles": {"contains": "guide"}}
    assert holds(asked, {"titles": ["guide@audio"]}, {}, value="audio", per="fields") is True
    assert holds(asked, {"titles": ["guide@audio"]}, {}, value="tuning", per="fields") is False
    assert holds(asked, {}, {}) is None


def test_a_share_of_another_reading_is_rounded_capped_and_shown() -> None:
    quarter = {
        "posts": {"at_least": {"percent": "0.5", "of": "community.all_posts", "round": "up", "floor": 3}, "over": "30d"}
    }
    assert holds(quarter, {}, {"posts": {"30d": 5}}) is True
    assert holds(quarter, {}, {"posts": {"30d": 4}}) is False
    told = Gate(community(), book()).evidence({}, {"posts": {"30d": 4}}, {"all_posts": {"30d": 1000}})
    (leaf,) = evaluate(compile_condition(community(), condition(quarter)), told).reasons()
    assert (leaf.value, leaf.comparison, leaf.threshold) == (4, "at_least", 5)


@pytest.mark.parametrize(
    ("written_", "metrics", "holds_"),
    [
        ({"quality": {"at_least": "0.705", "over": "90d"}}, {"quality": {"90d": "0.71"}}, True),
        ({"quality": {"at_least": "0.705", "over": "90d"}}, {"quality": {"90d": "0.70"}}, False),
        ({"posts": {"more_than": "2.5", "over": "30d"}}, {"posts": {"30d": 3}}, True),
        ({"quiet": {"at_least": "2w"}}, {"quiet": {"all": "14d"}}, True),
        ({"share": {"at_least": "0.33", "over": "30d"}}, {"posts": {"30d": 1}, "all_posts_mine": {"30d": 3}}, True),
        ({"share": {"is_known": False}}, {"posts": {"all": 1}, "all_posts_mine": {"all": 0}}, True),
        ({"share": {"at_least": "0.10", "over": "30d"}}, {"share": {"30d": "0.10"}}, True),
        ({"posts": {"at_least": 1, "less_than": 3, "over": "30d"}}, {"posts": {"30d": 3}}, False),
    ],
)
def test_numbers_are_compared_exactly(written_: Any, metrics: Any, holds_: bool) -> None:
    assert holds(written_, {}, metrics) is holds_


@pytest.mark.parametrize(
    ("written_", "message"),
    [
        ({"nonsense": {"is": 1}}, "nothing here is called 'nonsense'"),
        ({"posts": {"contains": "a"}}, "does not answer contains"),
        ({"consent": {"at_least": 1}}, "does not answer at_least"),
        ({"tier": {"at_least": "gold"}}, "'gold' is no tier"),
        ({"posts": {"at_least": "$least"}}, "has no value here"),
        ({"titles": {"contains": "king"}}, "there is no title 'king'"),
        ({"consent": {"is": "yes"}}, "expected true or false"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_words(written_: Any, message: str) -> None:
    with pytest.raises(NotDecidable, match=message.replace("$", r"\$")):
        compile_condition(community(), condition(written_))


def test_only_base_readings_are_needed() -> None:
    readings = {str(reading) for reading in needed_readings(community())}
    assert readings == {"posts[30d]", "posts[90d@audio]", "posts[90d@tuning]"}


def test_metrics_of_metrics_are_refused_before_they_take_for_ever() -> None:
    doubled = "".join(
        f"""\
  - id: twice{n}
    title: {{ en: Twice, zh: 两倍 }}
    type: integer
    score: [{{ metric: {before}, weight: 1 }}, {{ metric: {before}, weight: 1 }}]
"""
        for n, before in enumerate(["posts", *(f"twice{n}" for n in range(39))])
    )
    large = written(community=COMMUNITY, metrics=METRICS + doubled, tiers=LADDER)
    with pytest.raises(NotDecidable, match="grows beyond"):
        compile_condition(large, condition({"twice39": {"at_least": 1}}))
    compile_condition(large, condition({"twice9": {"at_least": 1}}))
