"""The sample community's lifecycle on a real database: who is seen, who goes on, who is let go, and how it is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cli.memory import Memory
from operations.by_form import fill_in
from operations.candidates import candidates
from operations.errors import Refusal
from operations.generations import generations
from operations.growth import growth
from operations.identity import prospect_id
from operations.ports.decisions import Wanted
from operations.ports.effects import Deed
from operations.ports.standings import Place
from rules.spec import Community
from tests.people.owners import AT, did, enlist, reviewed, spotted, stage, tier

pytestmark = pytest.mark.servers


def test_depth_makes_a_sprout_and_reach_makes_nothing(memory: Memory, auto: Community) -> None:
    spotted(memory, auto, "weibo:deep", followers=12)
    spotted(memory, auto, "weibo:loud", depth=1, originality=1, followers=900_000)
    spotted(memory, auto, "weibo:unkind", reputation=1)
    deep, loud, unkind = (prospect_id("weibo", name) for name in ("deep", "loud", "unkind"))

    reviewed(memory, auto)

    assert stage(memory, auto, deep) == "emerging"
    assert stage(memory, auto, loud) is None
    assert stage(memory, auto, unkind) is None, "passion, sharing and reputation are asked together"
    said = memory.decisions.find(auto.id, Wanted(member=deep, rule="lifecycle"))[0].decision
    assert "followers" not in {reason.metric for reason in said.reasons}
    before = [one.decision.outcome for one in memory.decisions.find(auto.id, Wanted(member=loud))]
    spotted(memory, auto, "weibo:loud", day=9, depth=1, originality=1, followers=5)
    reviewed(memory, auto, days=1)
    assert [one.decision.outcome for one in memory.decisions.find(auto.id, Wanted(member=loud))] == before


def test_at_home_help_or_careful_tries_are_enough_and_public_works_are_not_asked(
    memory: Memory, auto: Community
) -> None:
    enlist(memory, auto, "newbie", days=20, origin="private_domain")
    for name in ("helper", "trier", "reader"):
        enlist(memory, auto, name, origin="private_domain", consent=True)
        did(memory, auto, name, "visited", *range(1, 15), minutes=10)
    for n in range(16):
        did(memory, auto, "helper", "replied", 1 + n / 2, key=str(n), work=f"w{n}", to="newbie", helpful=True)
    did(memory, auto, "trier", "tried", 3, 9, 20, detail=5)
    did(memory, auto, "reader", "tried", 3, 9, 20, detail=1)
    enlist(memory, auto, "visitor", origin="public_domain", consent=True)
    did(memory, auto, "visitor", "visited", *range(1, 15), minutes=10)
    did(memory, auto, "visitor", "tried", 3, 9, 20, detail=5)

    reviewed(memory, auto, days=2)

    stages = {name: stage(memory, auto, name) for name in ("helper", "trier", "reader", "visitor")}
    assert stages == {"helper": "emerging", "trier": "emerging", "reader": None, "visitor": None}


def test_a_candidate_keeps_the_first_source_tag_and_gathers_evidence(memory: Memory, auto: Community) -> None:
    enlist(memory, auto, "both-sides", origin="private_domain")
    spotted(memory, auto, "both-sides", day=30, origin="private_domain", topic="photography", depth=3)
    spotted(memory, auto, "both-sides", day=8, topic="photography", depth=5, followers=3)
    spotted(memory, auto, "forum:star", day=20, topic="photography", depth=3, followers=800_000)

    found = {one.member: one for one in candidates(memory.desk, memory.persons, auto)}
    known = found["both-sides"]
    assert (known.tag, known.origin) == ("private_domain", "both")
    assert [one.evidence for one in known.evidence] == ["https://f.example/30", "https://f.example/8"]
    assert known.evidence[0].by == "scout-1"
    topical = candidates(memory.desk, memory.persons, auto, topic="photography")
    assert [one.member for one in topical] == ["both-sides", prospect_id("forum", "star")], "by depth, not by reach"
    with pytest.raises(Refusal, match="no topic"):
        candidates(memory.desk, memory.persons, auto, topic="cooking")
    memory.effects.do(
        auto.id,
        [
            Deed(
                key="n/1",
                kind="nominate",
                at=AT,
                source="n",
                member="both-sides",
                details={"list": "tier", "of": "active"},
            )
        ],
    )
    named = candidates(memory.desk, memory.persons, auto, list_="tier", of="active")
    assert [(one.member, one.tag) for one in named] == [("both-sides", "private_domain")]


def test_fading_is_measured_against_ones_own_past_and_begins_a_talk_not_a_fall(memory: Memory, auto: Community) -> None:
    common: dict[str, Any] = {
        "origin": "private_domain",
        "consent": True,
        "tier": "core",
        "stage": "mature",
        "since": 300,
    }
    for name in ("faded", "calm", "tired"):
        enlist(memory, auto, name, **common)
    did(memory, auto, "faded", "visited", *range(60, 180), minutes=5)
    did(memory, auto, "faded", "visited", *(1, 20, 40), minutes=5)
    did(memory, auto, "calm", "visited", *range(1, 180, 12), minutes=5)
    fill_in(memory.house, auto, "cannot_go_on", {"reason": "life"}, about="tired", by="tired", at=AT)

    reviewed(memory, auto, days=3)
    assert stage(memory, auto, "tired") == "evolving", "who says so is talked to at once"
    assert stage(memory, auto, "faded") == "mature", "a fall against one's own past is watched for two months first"
    for day in (33, 64):
        did(memory, auto, "calm", "visited", *(-n for n in range(3, day, 12)), key=str(day), minutes=5)
        reviewed(memory, auto, days=day)

    assert stage(memory, auto, "faded") == "evolving"
    assert tier(memory, auto, "tired") == "core", "nothing is taken before the talk"
    started = {deed.member: deed.details["task"] for deed in memory.effects.to_start(auto.id, limit=500)}
    assert started["faded"] == "farewell-talk"
    tasks = [deed.details["task"] for deed in memory.effects.to_start(auto.id, limit=500)]
    assert tasks.count("extra-scouting") >= 2, "each mature member who leaves is followed by a search for sprouts"
    reviewed(memory, auto, days=400)
    assert tier(memory, auto, "tired") == "core", "while one evolves, no review takes the tier, however long"


def test_nothing_can_lower_an_honorary_member(memory: Memory, auto: Community) -> None:
    enlist(memory, auto, "elder", origin="both", consent=True, tier="core", stage="honorary", since=300)
    did(memory, auto, "elder", "struck", -460, -470, -480, reason="abuse")  # whatever they do, or say
    did(memory, auto, "elder", "cannot_go_on", -495, reason="life")
    reviewed(memory, auto, days=500)
    reviewed(memory, auto, days=540)
    assert (tier(memory, auto, "elder"), stage(memory, auto, "elder")) == ("core", "honorary")
    outcomes = {one.decision.outcome for one in memory.decisions.find(auto.id, Wanted(member="elder", rule="tier"))}
    assert outcomes <= {"none", "keep"}
    lifecycle = auto.lifecycle
    assert lifecycle is not None
    assert not [way.id for way in lifecycle.transitions if "honorary" in way.from_], "no way leads out of it"


def test_generations_out_of_band_come_with_what_to_do(memory: Memory, auto: Community) -> None:
    for n in range(12):
        enlist(memory, auto, f"old-{n}", origin="both", consent=True, tier="core", stage="mature", since=100)
    found = generations(memory.desk, auto, at=AT)
    bands = {(band.rule, band.metric): band for band in found.bands}
    thin = bands["pipeline-thin", "pipeline_ratio"]
    assert not found.balanced
    assert (thin.low, thin.high) == ("0.50", None)
    assert "More sprouts" in thin.recommendation
    assert "Three new sprouts" in thin.recommendation
    old = bands["generations-out-of-balance", "old_share"]
    assert (old.low, old.high) == ("0.10", "0.30")
    assert old.recommendation.startswith("too high, bring it to 0.30: Rebalance the pyramid")
    assert found.stages["mature"] >= 12
    reviewed(memory, auto, days=600)
    alerts = [item.title["en"] for item in memory.inbox.find(auto.id, role="scout")]
    assert "More sprouts" in alerts, "the scouts are alerted when the pipeline is thin"


def test_growth_has_a_shelf_for_learning_and_one_for_honours(memory: Memory, auto: Community) -> None:
    enlist(memory, auto, "learner", origin="private_domain", consent=True)
    for day, subject, passed in ((9, "writing", True), (5, "camera", False), (2, "camera", True)):
        did(memory, auto, "learner", "lesson", day, subject=subject, passed=passed)
    memory.effects.do(
        auto.id,
        [
            Deed(key="g/1", kind="title", at=AT, source="g", member="learner", details={"item": "star-mentor"}),
            Deed(
                key="g/2",
                kind="certificate",
                at=AT,
                source="g",
                member="learner",
                details={"text": {"en": "First place", "zh": "金奖"}},
            ),
            Deed(key="g/3", kind="points", at=AT, source="g", member="learner", details={"amount": 30}),
        ],
    )
    shelves = growth(memory.desk, auto, "learner", at=AT + timedelta(days=1))
    assert [(line.what, line.detail) for line in shelves.learning] == [("lesson", "writing"), ("lesson", "camera")]
    assert {(line.what, line.title) for line in shelves.honours} == {
        ("title", "Star mentor"),
        ("certificate", "First place"),
    }
    assert shelves.points == 30


def test_the_bar_to_stay_is_lower_than_the_bar_to_rise(memory: Memory, auto: Community) -> None:
    enlist(memory, auto, "between", origin="both", consent=True, tier="active", stage="active", since=100)
    did(memory, auto, "between", "visited", 1, 5, 9, 13, minutes=5)
    reviewed(memory, auto)
    assert tier(memory, auto, "between") == "active", "four days would not earn it, and keep it"
    reviewed(memory, auto, days=31)
    held = memory.standings.one(auto.id, Place(member="between", ladder="tier"))
    assert held is not None
    assert (held.at, held.below_since is not None) == ("active", True), "below the bar one is told, not demoted"


def test_the_commands_show_it(
    memory: Memory,
    auto: Community,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from cli.main import main

    monkeypatch.setenv("DATABASE_URL", database_url)
    enlist(memory, auto, "asked-about", origin="private_domain", consent=True)
    spotted(memory, auto, "weibo:asked-about")
    for command, name in (
        (["candidates", "--topic", "photography"], "candidates"),
        (["generations"], "bands"),
        (["growth", "asked-about"], "learning"),
        (["accounts", prospect_id("weibo", "asked-about")], "accounts"),
        (["consent", "asked-about"], "log"),
        (["export", "asked-about"], "held"),
        (["knowledge", "search", "雷达", "雨天"], "pieces"),
        (["offers", "asked-about"], "offers"),
    ):
        for given in ([*command, "--json"], command):
            with pytest.raises(SystemExit) as ended:
                main(given)
            assert ended.value.code in (0, 3), given
            said = capsys.readouterr().out
            assert name in json.loads(said) if "--json" in given else said
