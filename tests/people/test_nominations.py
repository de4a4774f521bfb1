"""Nominations: a scout rates passion, sharing and reputation, and whoever is to be a sprout has all three."""

from __future__ import annotations

import pytest

from cli.memory import Memory
from operations.errors import Refusal
from operations.identity import prospect_id
from operations.ports.decisions import Wanted
from rules.spec import Community
from tests.people.owners import reviewed, spotted, stage

pytestmark = pytest.mark.servers


def test_a_nomination_rates_three_criteria_and_the_rule_asks_for_all_of_them(memory: Memory, auto: Community) -> None:
    criteria = ("passion", "sharing", "reputation")
    for name in criteria:
        with pytest.raises(Refusal, match=name):
            spotted(memory, auto, f"weibo:without-{name}", **{name: None})
        with pytest.raises(Refusal, match=name):
            spotted(memory, auto, f"weibo:beyond-{name}", **{name: 6})
        spotted(memory, auto, f"weibo:low-{name}", **{name: 2})
    spotted(memory, auto, "weibo:just-so", **dict.fromkeys(criteria, 3))
    spotted(memory, auto, "weibo:seen-twice", day=10, reputation=2)
    spotted(memory, auto, "weibo:seen-twice", day=9, reputation=4)

    reviewed(memory, auto)

    def reached(name: str) -> str | None:
        return stage(memory, auto, prospect_id("weibo", name))

    assert {name: reached(f"low-{name}") for name in criteria} == dict.fromkeys(criteria)
    assert reached("just-so") == "emerging"
    assert reached("seen-twice") == "emerging", "what several scouts saw is averaged"
    told = memory.decisions.find(auto.id, Wanted(member=prospect_id("weibo", "just-so"), rule="lifecycle"))[0]
    assert set(criteria) <= {reason.metric for reason in told.decision.reasons}
