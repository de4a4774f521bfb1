"""Seen at home: what somebody does among owners makes a sprout; what is public about them is not so much as read."""

from __future__ import annotations

import pytest

from cli.memory import Memory
from operations.ports.decisions import Wanted
from rules.spec import Community
from tests.people.owners import did, enlist, owners, reviewed, stage

pytestmark = pytest.mark.servers
AMONG_OWNERS = {
    "visited",
    "posted",
    "replied",
    "tried",
    "read",
    "liked",
    "attended",
    "answered",
    "submitted",
    "accepted",
}
"""Kinds of facts about what people do with each other and with us."""


@pytest.fixture(scope="module")
def spec(memory: Memory) -> Community:
    return owners(memory)


def test_the_rule_for_those_at_home_reads_what_they_do_with_others_and_nothing_else(
    memory: Memory, spec: Community
) -> None:
    enlist(memory, spec, "newbie", days=20, origin="private_domain")
    for who in ("helper", "shining"):
        enlist(memory, spec, who, origin="private_domain", consent=True)
        did(memory, spec, who, "visited", *range(1, 15), minutes=10)
    for n in range(16):
        did(memory, spec, "helper", "replied", 1 + n / 2, key=str(n), work=f"w{n}", to="newbie", helpful=True)
        work = {"work": f"s{n}", "nature": "talk", "public": True}
        did(memory, spec, "shining", "posted", 1 + n / 2, key=str(n), **work)
        did(memory, spec, "shining", "rated", 1 + n / 2, key=str(n), work=f"s{n}", score=95)

    reviewed(memory, spec)

    assert stage(memory, spec, "helper") == "emerging"
    assert stage(memory, spec, "shining") is None, "good works in public are another track's business"
    said = memory.decisions.find(spec.id, Wanted(member="helper", rule="lifecycle"))[0].decision
    read = {reason.metric for reason in said.reasons if reason.metric in spec.metrics}
    assert {"active_days", "newcomer_answers"} <= read
    kinds = {kind for name in read for kind in getattr(spec.metrics[name], "from_", ())}
    assert kinds <= AMONG_OWNERS, "no form of a scout, no mark of quality, no figure of a platform"
