"""Deciding with packs: what a pack concludes moves people like any metric, and says why in its parts."""

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from operations.decide import decide
from operations.facts_file import Facts
from rules.chaining import Chains
from rules.gate import Gate
from rules.rulebook import compile_rulebook
from rules.spec import load
from workflows.phases import discover

AT = datetime(2027, 3, 1, tzinfo=UTC)
PACK = files("rules.packs.teamwork")
FILES = {
    "community.yaml": b"""\
schema: community/v1
id: team
title: { en: Team, zh: \xe5\xb0\x8f\xe7\xbb\x84 }
zone: Asia/Shanghai
calendar: office
currency: CNY
roles: [{ id: host, title: { en: Host, zh: \xe4\xb8\xbb\xe6\x8c\x81 } }]
""",
    "office.yaml": b"""\
schema: calendar/v1
id: office
title: { en: Office, zh: \xe5\x8a\x9e\xe5\x85\xac }
work_days: [mon]
hours: "09:00-18:00"
holidays: []
valid_through: "2030-12-31"
""",
    "metrics.yaml": PACK.joinpath("metrics.yaml").read_bytes(),
    "rules.yaml": PACK.joinpath("rules.yaml").read_bytes(),
}
GOOD = {
    "parts_handed_in": {"180d": 4}, "parts_late": {"180d": 0}, "reviews_given": {"180d": 6},
    "reviews_received": {"180d": 4}, "teammates": {"365d": 2}, "handovers": {"365d": 2},
    "mentees_taken": {"365d": 0, "2y": 5}, "mentees_graduated": {"2y": 3},
}  # fmt: skip


@pytest.mark.parametrize("inferring", [False, True])
def test_a_conclusion_in_three_steps_fires_a_rule(inferring):
    community = load(FILES, discover()).community
    assert community is not None
    book = compile_rulebook(community)
    gate = Gate(community, book)
    late = {**GOOD, "parts_late": {"180d": 1}}
    facts = Facts(AT, {"good": gate.evidence({}, GOOD), "late": gate.evidence({}, late)}, {})

    decided = decide(book, facts, AT, infer=Chains(community).infer if inferring else None)

    fired = [(d.member, d.rule) for d in decided.decisions]
    assert fired == [("good", "ask-to-mentor"), ("good", "thank-a-mentor")]
    read = {reason.metric for reason in decided.decisions[0].reasons}
    assert "may_mentor" in read


def test_without_its_metrics_a_community_cannot_take_a_conclusion_over():
    text = FILES["metrics.yaml"].replace(b"  - { id: handovers,", b"  - { id: hand_overs,")

    found = load({**FILES, "metrics.yaml": text}, discover()).diagnostics

    assert {d.code for d in found} == {"TRL363"}
    assert "'teamwork/fit_to_mentor' reads the metric 'handovers', which is not there" in [d.message for d in found]


@pytest.mark.parametrize(
    ("written", "code", "said", "hint"),
    [
        ("teamwrok/fit_to_mentor", "TRL303", "unknown pack 'teamwrok'", "did you mean 'teamwork'?"),
        ("teamwork/fit_to_mentr", "TRL303", "has no conclusion 'fit_to_mentr'", "did you mean 'fit_to_mentor'?"),
        ("teamwork/late_share", "TRL362", "'teamwork/late_share' is a decimal", "write type: decimal"),
        ("engagement/depth", "TRL363", "the pack 'engagement' is not installed", "installed: spotting, teamwork"),
    ],
)
def test_a_pack_that_is_not_there_is_told(written, code, said, hint):
    text = FILES["metrics.yaml"].replace(b"teamwork/fit_to_mentor", written.encode())

    (found,) = load({**FILES, "metrics.yaml": text}, discover()).diagnostics

    assert found.code == code
    assert said in found.message
    assert hint in found.hint
    assert found.severity == ("warning" if "engagement" in written else "error")
