"""Versions on trial: beside the current one nothing follows from them, and in a share only those in it move."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.memory import Memory
from operations import review
from operations.desk import member_frame, rulebook_of
from operations.errors import Refusal
from operations.generate import Population, write_facts, write_members
from operations.import_facts import import_facts
from operations.import_members import import_members
from operations.ports.standings import Place
from operations.ports.trials import CURRENT, HALTED, REPLACED, RUNNING, STAGED, WHOLE, WITHDRAWN, Bound, Step, Trial
from operations.publish import publish as publish_files
from operations.trial import bounds_of, in_share, judged_under, roll_back, steps_of, try_out
from rules.columns import evidence_of
from rules.ladder import next_step
from rules.spec import load
from store.folder import read_folder
from tests.moves.club import AT, FILES, TIERS, club, facts, people, publish, reviewed
from workflows.phases import discover

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.spec import Community

pytestmark = pytest.mark.servers

EASIER = TIERS.replace("earn: { posts: { at_least: 3, over: 30d } }", "earn: { posts: { at_least: 2, over: 30d } }")
NAMES = tuple(f"p{n:02d}" for n in range(24))
DAY = timedelta(days=1)


@pytest.fixture
def lively(remembered: Memory) -> Memory:
    """A club in which everybody has posted twice."""
    community = publish(remembered)
    people(remembered, community, *NAMES)
    for name in NAMES:
        facts(remembered, community, "posted", name, [1, 2])
    return remembered


def tried(memory: Memory, steps: str | None = None, *, stop_if: tuple[str, ...] = (), tiers: str = EASIER) -> Trial:
    files = {**FILES, "tiers.yaml": tiers}
    raw = {path: text.encode() for path, text in files.items()}
    return try_out(
        memory.specs, memory.trials, raw, discover(), message="Ask for less", author="test", at=AT, steps=steps,
        stop_if=stop_if,
    )  # fmt: skip


def judged(memory: Memory, at: datetime = AT) -> dict[str, dict[str, int]]:
    """A whole review in two shards."""
    return reviewed(memory, at, shard_size=12)


def tiers_of(memory: Memory) -> "Mapping[str, str | None]":
    held = {name: memory.standings.one("club", Place(member=name, ladder="tier")) for name in NAMES}
    return {name: one.at if one else None for name, one in held.items()}


def regulars(memory: Memory) -> set[str]:
    return {name for name, tier in tiers_of(memory).items() if tier == "regular"}


# ------------------------------------------------------------------------------------------------------------ shadows
def test_a_shadow_shows_day_by_day_who_would_come_out_otherwise_and_changes_nothing(lively: Memory) -> None:
    trial = tried(lively)

    counts = judged(lively)
    facts(lively, club(), "posted", "p00", [3])
    judged(lively, AT + DAY)

    assert counts["tier"] == {"none": 24}
    assert regulars(lively) == {"p00"}
    assert {one.decision.digest for one in lively.decisions.latest("club")} == {club().digest}
    second, first = lively.trials.comparisons(trial)
    assert (first.at, first.members, first.digest) == (AT, 24, club().digest)
    assert [(d.part, d.from_, d.here, d.there, d.members) for d in first.differences] == [
        ("tier", "guest", "none", "promote regular", 24)
    ]
    assert first.differences[0].some == NAMES[:20]
    assert [(d.part, d.members) for d in second.differences] == [("tier", 23)]


def test_a_shadow_that_cannot_be_judged_is_told_and_harms_no_review(
    lively: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from operations import shadow

    def broken(*_: object) -> None:
        raise ArithmeticError("too large")

    trial = tried(lively)
    monkeypatch.setattr(shadow, "looking_at", broken)
    facts(lively, club(), "posted", "p00", [3])
    counts = judged(lively)

    assert counts["tier"]["promote"] == 1
    (seen,) = lively.trials.comparisons(trial)
    assert "tier: cannot be judged: ArithmeticError: too large" in seen.problems


def test_a_shadow_is_over_when_it_is_published_or_another_takes_its_place(lively: Memory) -> None:
    first = tried(lively)
    second = tried(lively, tiers=EASIER.replace("at_least: 2, over: 30d", "at_least: 1, over: 30d"))
    publish(lively, tiers=EASIER.replace("at_least: 2, over: 30d", "at_least: 1, over: 30d"))

    states = {trial.number: trial.state for trial in lively.trials.all("club")}
    assert states == {first.number: REPLACED, second.number: CURRENT}


# ------------------------------------------------------------------------------------------------------------- staged
def test_only_the_share_is_judged_under_a_staged_version_until_everybody_is(lively: Memory) -> None:
    trial = tried(lively, "40% 100%")
    share = {name for name in NAMES if in_share(name, trial.digest, 4_000)}
    assert 0 < len(share) < 24

    counts = judged(lively)
    first = regulars(lively)
    decided = [one.decision for one in lively.decisions.latest("club") if one.decision.rule == "tier"]
    under = {one.member: one.digest for one in decided}
    current = lively.specs.current("club")

    assert first == share
    assert counts["tier"]["moved:guest>regular"] == len(share)
    assert counts["tier"]["judged_under_trial"] == len(share)
    assert under == dict.fromkeys(share, trial.digest)
    assert current.digest == club().digest
    for at in (None, AT + DAY / 2):
        specs = {name: judged_under(lively.desk, current, name, at).digest for name in NAMES}
        assert {name for name, digest in specs.items() if digest == trial.digest} == share
    assert judged_under(lively.desk, current, "p00", AT - DAY).digest == current.digest

    judged(lively, AT + DAY)

    assert regulars(lively) == set(NAMES)
    assert lively.specs.current("club").digest == trial.digest
    (over,) = lively.trials.all("club")
    assert (over.state, over.counts["promotions"], over.counts["demotions"]) == (CURRENT, 24, 0)
    assert [version.number for version in lively.specs.versions("club")] == [2, 1]
    tallies = lively.decisions.under("club", trial.digest)
    assert [(one.outcome, one.to, one.members) for one in tallies if one.rule == "tier"] == [
        ("promote", "regular", 24 - len(share)),
        ("promote", "regular", len(share)),
    ]


def test_a_step_with_a_date_waits_for_it(lively: Memory) -> None:
    tried(lively, f"40%@{AT + DAY:%Y-%m-%d} 100%@{AT + 9 * DAY:%Y-%m-%d}")

    judged(lively)
    before = regulars(lively)
    judged(lively, AT + 2 * DAY)
    judged(lively, AT + 3 * DAY)
    between = regulars(lively)
    judged(lively, AT + 10 * DAY)

    assert before == set()
    assert 0 < len(between) < 24
    assert regulars(lively) == set(NAMES)


@pytest.mark.parametrize(
    ("bound", "why"),
    [("promotions > 3", "promotions, more than 3,"), ("moved > 12.5%", "members, more than 12.5%,")],
)
def test_a_bound_halts_a_staged_version_before_anybody_moves_by_it(lively: Memory, bound: str, why: str) -> None:
    tried(lively, "40% 100%", stop_if=(bound,))
    facts(lively, club(), "posted", "p00", [3])

    counts = judged(lively)

    (trial,) = lively.trials.all("club")
    assert trial.state == HALTED
    assert why in trial.why
    assert [part for part in counts.values() if "trial_halted" in part]
    assert regulars(lively) - {"p00"} == set()
    judged(lively, AT + DAY)
    assert regulars(lively) == {"p00"}
    assert lively.specs.current("club").digest == club().digest


def test_bounds_count_from_the_beginning_of_the_trial(lively: Memory) -> None:
    trial = tried(lively, "40% 70% 100%", stop_if=("promotions > 12",))
    judged(lively)
    first = regulars(lively)
    assert lively.trials.running("club", STAGED) is not None

    judged(lively, AT + DAY)

    whole = {name for name in NAMES if in_share(name, trial.digest, 7_000)}
    assert len(first) <= 12 < len(whole)
    assert regulars(lively) == first
    assert lively.trials.all("club")[0].state == HALTED


# ----------------------------------------------------------------------------------------------------------- rollback
def test_one_step_takes_back_a_version_and_what_is_on_trial(lively: Memory) -> None:
    publish(lively, tiers=EASIER)
    harder = TIERS.replace("at_least: 3, over: 30d", "at_least: 4, over: 30d")
    tried(lively, "50%", tiers=harder)
    tried(lively, tiers=harder)

    version, new, ended = roll_back(
        lively.desk, club().digest[7:15], community=None, message="Too easy", author="test", at=AT
    )

    assert (version.number, version.digest, new) == (3, club().digest, True)
    assert [trial.kind for trial in ended] == ["staged", "shadow"]
    assert {trial.state for trial in lively.trials.all("club")} == {WITHDRAWN}
    again = roll_back(lively.desk, club().digest, community="club", message="Sure", author="test", at=AT)
    assert (again[0].number, again[1], again[2]) == (3, False, [])


@pytest.mark.parametrize(
    ("digest", "said"),
    [
        ("abcdef0123", "No spec abcdef0123 was ever published here."),
        ("sha256:" + "0" * 64, "was ever published here."),
        ("latest", "'latest' is not a digest."),
        ("ab", "'ab' is not a digest."),
    ],
)
def test_an_unknown_digest_is_refused_in_a_sentence(lively: Memory, digest: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        roll_back(lively.desk, digest, community=None, message="Back", author="test", at=AT)
    assert said in refused.value.message


def test_what_was_only_tried_cannot_be_rolled_back_to(lively: Memory) -> None:
    trial = tried(lively)
    with pytest.raises(Refusal, match="has never been current"):
        roll_back(lively.desk, trial.digest, community=None, message="Back", author="test", at=AT)


def test_the_current_version_is_not_tried_and_nothing_is_tried_without_saying_why(lively: Memory) -> None:
    with pytest.raises(Refusal, match="current already"):
        tried(lively, tiers=TIERS)
    with pytest.raises(Refusal, match="needs a message"):
        try_out(lively.specs, lively.trials, {}, discover(), message=" ", author="test", at=AT)


# --------------------------------------------------------------------------------------------------------- as written
def test_steps_and_bounds_are_read() -> None:
    zone = club().zone
    steps = steps_of("10% → 50%@2027-03-05, 100%", zone)

    assert [step.share for step in steps] == [1_000, 5_000, 10_000]
    assert steps[1] == Step(5_000, datetime(2027, 3, 4, 16, tzinfo=UTC))
    assert bounds_of(["demotions > 20", "moved>2.5%", "graces more_than 3"]) == (
        Bound("demotions", 20),
        Bound("moved", 250, percent=True),
        Bound("graces", 3),
    )


@pytest.mark.parametrize(
    "steps", ["", "0%", "101%", "10", "ten%", "50% 10%", "10% 10%", "10%@soon", "10%@2027-03-05 20%@2027-03-01"]
)
def test_steps_that_make_no_sense_are_refused(steps: str) -> None:
    with pytest.raises(Refusal):
        steps_of(steps, club().zone)


@pytest.mark.parametrize("bound", ["", "demotions", "demotions > -1", "sales > 3", "moved > 200%", "moved < 3"])
def test_bounds_that_make_no_sense_are_refused(bound: str) -> None:
    with pytest.raises(Refusal):
        bounds_of([bound])


@given(member=st.text(min_size=1), one=st.integers(0, WHOLE), other=st.integers(0, WHOLE))
def test_whoever_is_in_a_share_is_in_every_larger_one(member: str, one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert not in_share(member, "sha256:1", small) or in_share(member, "sha256:1", large)
    assert in_share(member, "sha256:1", WHOLE)
    assert not in_share(member, "sha256:1", 0)


def test_a_share_is_about_as_large_as_it_says_and_another_one_for_another_version() -> None:
    ids = [f"m{n}" for n in range(20_000)]
    mine = {one for one in ids if in_share(one, "sha256:1", 1_000)}
    others = {one for one in ids if in_share(one, "sha256:2", 1_000)}
    assert 1_800 < len(mine) < 2_200
    assert 120 < len(mine & others) < 280


# --------------------------------------------------------------------------------------------------- a whole community
def test_a_shadow_of_a_generated_community_differs_as_the_reference_reading_says(
    remembered: Memory, tmp_path: Path
) -> None:
    memory = remembered
    at = datetime(2027, 4, 30, 22, tzinfo=UTC)
    files = read_folder(Path("specs/auto"))
    publish_files(memory.specs, files, discover(), message="first", author="test", at=at)
    now = memory.specs.current("auto")
    assert Population(7, 300, at).size == 300
    write_members(tmp_path / "members.csv", seed=7, size=300, at=at)
    write_facts(tmp_path / "facts.csv", seed=7, size=300, at=at)
    import_members(tmp_path / "members.csv", now, memory.members(now), memory.standings, at=at)
    import_facts(tmp_path / "facts.csv", now, memory.facts(now))
    eased = {**files, "tiers.yaml": _eased(files["tiers.yaml"])}
    trial = try_out(memory.specs, memory.trials, eased, discover(), message="Ease", author="test", at=at)
    then = load(eased, discover()).community
    assert then is not None
    expected = _differing(memory, now, then, at)

    plan = review.begin(memory.desk, "auto", run="r", at=at, parts=["tier"])
    review.look_at(memory.desk, "auto", plan.id, "tier", 0)

    (seen,) = memory.trials.comparisons(trial)
    found = {(d.from_, d.here, d.there): d.members for d in seen.differences}
    assert found == expected
    assert expected
    assert seen.members == 300
    assert memory.trials.running("auto", "shadow") is not None
    assert trial.state == RUNNING


def _eased(tiers: bytes) -> bytes:
    """Every number that is asked at least, halved."""
    import re

    return re.sub(rb"at_least: (\d+)(?=[,} \n])", lambda found: b"at_least: %d" % max(1, int(found[1]) // 2), tiers)


def _differing(memory: Memory, now: "Community", then: "Community", at: datetime) -> dict[tuple[str, str, str], int]:
    came: list[dict[str, tuple[str, str]]] = []
    for spec in (now, then):
        rulebook = rulebook_of(spec)
        ladder = next(one for one in rulebook.ladders if one.name == "tier")
        readings = rulebook.readings()
        frame = member_frame(memory.desk, spec, at, readings=readings, ladder="tier")
        keys = {reading.key: reading for reading in readings}
        outcomes = {}
        for row in frame.iter_rows(named=True):
            decision = next_step(ladder, row["subject"], evidence_of(row, keys), at)
            outcomes[row["subject"]] = (str(decision.from_), " ".join(filter(None, (decision.outcome, decision.to))))
        came.append(outcomes)
    return dict(
        Counter(
            (from_, here, came[1][member][1]) for member, (from_, here) in came[0].items() if came[1][member][1] != here
        )
    )
