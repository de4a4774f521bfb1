"""Preview: what is shown before specs are published is what the next review then does."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from operations import review
from operations.errors import Refusal
from operations.generate import write_facts, write_members
from operations.import_facts import import_facts
from operations.import_members import import_members
from operations.ports.standings import Place
from operations.preview import Preview, members_of, preview, refuse_stale, since
from rules.spec import Community, load
from store.folder import read_folder
from tests.moves.club import AT as CLUB_AT
from tests.moves.club import COMMUNITY, FILES, TIERS, facts, people, publish, reviewed
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory

pytestmark = pytest.mark.servers

AT = datetime(2026, 11, 20, 22, tzinfo=UTC)
REAL = Path(os.environ.get("TRELLIS_DATA", "")) / "A"
AUTO = Path(__file__).parents[2] / "specs" / "auto"
NOTICED = ("move", "below", "above", "met", "unmet", "fire")
Change = tuple[str, str, str, str | None, str | None, bool]


def carried_out(memory: Memory, community: str, at: datetime) -> set[Change]:
    """A whole review without Temporal; returns everything that it did about members."""
    desk = memory.desk
    plan = review.begin(desk, community, run=f"run of {at.isoformat()}", at=at, shard_size=70)
    done: set[Change] = set()
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, community, plan.id, part, shard)
        for batch in range(review.settle(desk, community, plan.id, part, size=50)):
            for one in desk.reviews.batch(plan, part, batch):
                if one.kind in NOTICED and part not in ("titles", "rules:community", "rules:space"):
                    to = one.rule if one.kind == "fire" else one.to
                    done.add((part, one.kind, one.subject, one.leaves, to, one.ask))
            review.carry_out_batch(desk, community, plan.id, part, batch)
    review.finish(desk, community, plan.id)
    return done


def foreseen(found: Preview) -> set[Change]:
    """Everything that a preview says of the new spec."""
    return {
        (group.part, group.kind, row["subject"], group.from_, group.to, row["ask"])
        for group in found.groups
        for row in group.people.iter_rows(named=True)
        if row["new"]
    }


def edited(*edits: tuple[str, str, str], folder: Path = AUTO) -> dict[str, bytes]:
    """The files of a sample with some texts replaced."""
    files = dict(read_folder(folder))
    for file, old, new in edits:
        text = files[file].decode()
        assert old in text, (file, old)
        files[file] = text.replace(old, new).encode()
    return files


def community_of(files: dict[str, bytes]) -> Community:
    loaded = load(files, discover())
    assert loaded.community is not None, [(d.file, d.line, d.message) for d in loaded.diagnostics]
    return loaded.community


@pytest.fixture
def auto(remembered: Memory, tmp_path: Path, request: pytest.FixtureRequest) -> Memory:
    """A generated community under specs/auto."""
    seed = int(request.param)
    files = edited()
    community = community_of(files)
    remembered.specs.publish(files, community, message="test", author="test", at=AT)
    write_members(tmp_path / "members.csv", seed=seed, size=140, at=AT)
    write_facts(tmp_path / "facts.csv", seed=seed, size=140, at=AT)
    import_members(tmp_path / "members.csv", community, remembered.members(community), remembered.standings, at=AT)
    import_facts(tmp_path / "facts.csv", community, remembered.facts(community))
    return remembered


EASIER = ("tiers.yaml", "active_days:   { at_least: 6, over: 30d }", "active_days:   { at_least: 4, over: 30d }")
STRICTER = ("tiers.yaml", "active_days: { at_least: 3, over: 30d }", "active_days: { at_least: 9, over: 30d }")
ADVISED = (
    "tiers.yaml",
    "    invitation: { message: next-tier, from: role:connector, within: 14d, if_silent: lapse, again_after: 60d }\n",
    "",
)
SPROUTS = ("lifecycle.yaml", "active_days: { at_least: 12, over: 30d }", "active_days: { at_least: 2, over: 30d }")
FADED = ("lifecycle.yaml", "    observe: 60d   ", "    observe: 1d   ")
SHORTER = ("tiers.yaml", "    grace: 14d    ", "    grace: 1d    ")
NARROW = ("tiers.yaml", "    seats: 40  ", "    seats: 1  ")
OPEN = (
    ("tiers.yaml", "        - days_in_tier: { at_least: 90 } ", "        - days_in_tier: { at_least: 1 } "),
    ("tiers.yaml", "enthusiasm:   { at_least: 4, over: 180d }", "enthusiasm:   { at_least: 1, over: 180d }"),
    ("tiers.yaml", "        - closeness:    { at_least: 30 }\n", ""),
    ("tiers.yaml", "        - contribution: { at_least: 60 }\n", ""),
    ("tiers.yaml", "    observe: 7d ", "    observe: 1d "),
)  # fmt: skip


@pytest.mark.parametrize("auto", [1, 2], indirect=True)
def test_what_is_foreseen_is_what_the_review_does_edit_after_edit(auto: Memory) -> None:
    edits: tuple[tuple[str, str, str], ...] = ()
    foreseen_moves = 0
    for day, more in enumerate([(EASIER, ADVISED), (STRICTER,), (SPROUTS, FADED), (SHORTER,), OPEN, (NARROW,)]):
        edits = (*edits, *more)
        files = edited(*edits)
        new, at = community_of(files), AT + timedelta(days=day, hours=3)
        found = preview(auto.desk, auto.runs, new, at=at)

        auto.specs.publish(files, new, message="edit", author="test", at=at)
        done = carried_out(auto, "auto", at)

        assert foreseen(found) == done, f"edit {day}: {sorted(foreseen(found) ^ done)[:8]}"
        assert found.changes
        foreseen_moves += sum(group.members for group in found.groups if group.kind == "move")
    assert foreseen_moves > 20


@pytest.mark.parametrize("auto", [3], indirect=True)
def test_every_difference_names_the_edited_threshold(auto: Memory) -> None:
    new = community_of(edited(EASIER))

    found = preview(auto.desk, auto.runs, new, at=AT)

    differing = [group for group in found.groups if group.new or group.gone]
    assert [(group.part, group.kind, group.from_, group.to) for group in differing] == [
        ("tier", "move", "base", "active")
    ]
    (why,) = differing[0].why_new
    assert (why.condition, why.metric, why.over, why.comparison) == ("earn active", "active_days", "30d", "at_least")
    assert (why.old, why.new, why.members) == (6, 4, differing[0].new)
    assert [(edit.file, edit.path, edit.old, edit.new) for edit in found.edits] == [
        ("tiers.yaml", "tiers[active].earn.all[active_days].active_days.at_least", 6, 4)
    ]
    named = [row for row in members_of(found.groups) if row["change"] == "new"]
    assert len(named) == differing[0].new
    assert preview(auto.desk, auto.runs, new, at=AT).data() == found.data()


@pytest.mark.slow
@pytest.mark.skipif(
    not REAL.is_dir(),
    reason="needs the real history of a community, which is not ours to ship: TRELLIS_DATA names the folder above A/",
)
def test_on_real_people_what_is_foreseen_is_what_the_review_does(remembered: Memory) -> None:
    edits: tuple[tuple[str, str, str], ...] = ()
    sample = AUTO.parent / "maintainers"
    community = community_of(edited(folder=sample))
    remembered.specs.publish(edited(folder=sample), community, message="test", author="test", at=AT)
    import_members(REAL / "members.csv.gz", community, remembered.members(community), remembered.standings, at=AT)
    import_facts(REAL / "events.csv.gz", community, remembered.facts(community))
    moves = differing = 0
    for month, more in enumerate(
        [
            (("tiers.yaml", "reviews:     { at_least: 15, over: 365d }", "reviews:     { at_least: 3, over: 365d }"),),
            (("tiers.yaml", "    observe: 28d  ", "    observe: 1d  "),),
            (
                (
                    "tiers.yaml",
                    "      reviews: { at_least: 5, over: 365d }",
                    "      reviews: { at_least: 8, over: 365d }",
                ),
            ),
            (("tiers.yaml", "cooldown: 60d ", "cooldown: 1d "), ("tiers.yaml", "    grace: 90d ", "    grace: 7d ")),
            (("tiers.yaml", "        - days_in_tier: { at_least: 180 } ", "        - days_in_tier: { at_least: 9 } "),),
            (("tiers.yaml", "    observe: 56d  ", "    observe: 1d  "),),
            (("tiers.yaml", "changes:     { at_least: 40, over: 365d }", "changes:     { at_least: 20, over: 365d }"),),
        ]
    ):
        edits = (*edits, *more)
        files = edited(*edits, folder=sample)
        new, at = community_of(files), datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=30 * month)
        found = preview(remembered.desk, remembered.runs, new, at=at)

        remembered.specs.publish(files, new, message="edit", author="test", at=at)
        done = carried_out(remembered, "maintainers", at)

        assert foreseen(found) == done, f"edit {month}: {sorted(foreseen(found) ^ done, key=str)[:8]}"
        moves += sum(group.members for group in found.groups if group.kind == "move")
        differing += sum(group.new + group.gone for group in found.groups)
    assert moves > 20
    assert differing > 20


@pytest.fixture
def club(remembered: Memory) -> Community:
    community = publish(remembered)
    people(remembered, community, "ann", "bob", "cai", "dee", "eva", "fay", "gus")
    facts(remembered, community, "posted", "ann", [1, 2, 3])
    facts(remembered, community, "posted", "bob", [1, 2])
    return community


def changed(**documents: str) -> Community:
    files = {**FILES, **{f"{name}.yaml": text for name, text in documents.items()}}
    return community_of({path: text.encode() for path, text in files.items()})


def test_the_current_specs_change_nothing(remembered: Memory, club: Community) -> None:
    found = preview(remembered.desk, remembered.runs, club, at=CLUB_AT)

    assert not found.changes
    assert not found.edits
    assert all(group.members == group.current and not group.new and not group.gone for group in found.groups)


def test_a_renamed_tier_moves_nobody_and_keeps_everything(remembered: Memory, club: Community) -> None:
    reviewed(remembered)
    facts(remembered, club, "posted", "cai", [-1, -1.1, -1.2])
    renamed = {
        "tiers": TIERS.replace("id: regular", "id: local"),
        "community": COMMUNITY + "moved:\n  - { from: tier:regular, to: tier:local }\n",
    }
    at = CLUB_AT + timedelta(days=2)
    found = preview(remembered.desk, remembered.runs, changed(**renamed), at=at)

    assert not any(group.new or group.gone for group in found.groups)
    assert [(g.from_, g.to, g.members) for g in found.groups if g.part == "tier" and g.kind == "move"] == [
        ("guest", "local", 1)
    ]
    assert found.data()["renamed"] == [
        {"kind": "tier", "ladder": "tier", "from": "regular", "to": "local", "members": 1}
    ]
    publish(remembered, **renamed)
    held = remembered.standings.one("club", Place(member="ann", ladder="tier"))
    assert held is not None
    assert (held.at, held.held) == ("local", ("guest", "local"))
    assert carried_out(remembered, "club", at) == foreseen(found)


def test_a_tier_that_is_gone_without_a_word_is_refused(remembered: Memory, club: Community) -> None:
    lost = changed(tiers=TIERS.replace("id: regular", "id: local"))

    with pytest.raises(Refusal, match="The tier 'regular' of the ladder tier is gone"):
        preview(remembered.desk, remembered.runs, lost, at=CLUB_AT)


def test_a_plan_is_refused_when_facts_specs_or_the_current_version_have_changed(
    remembered: Memory, club: Community
) -> None:
    desk, runs = remembered.desk, remembered.runs
    new = changed(tiers=TIERS.replace("at_least: 3, over: 30d", "at_least: 2, over: 30d"))
    plan = preview(desk, runs, new, at=CLUB_AT).data()
    refuse_stale(desk, runs, new, plan, at=CLUB_AT)

    facts(remembered, club, "posted", "cai", [1, 2])
    other = changed(tiers=TIERS.replace("at_least: 3, over: 30d", "at_least: 4, over: 30d"))

    said = since(plan, preview(desk, runs, new, at=CLUB_AT))
    assert "tier guest → regular: 3 members now, 2 in the plan." in said
    assert any("The specs were changed" in one for one in since(plan, preview(desk, runs, other, at=CLUB_AT)))
    publish(remembered, tiers=TIERS.replace("grace: 7d", "grace: 8d"))
    assert any("The current version is another one" in one for one in since(plan, preview(desk, runs, new, at=CLUB_AT)))
    with pytest.raises(Refusal, match="The plan has gone stale"):
        refuse_stale(desk, runs, new, plan, at=CLUB_AT)


def test_a_community_without_members_is_told_in_one_sentence(remembered: Memory) -> None:
    community = publish(remembered)

    with pytest.raises(Refusal, match="The community club has no members yet"):
        preview(remembered.desk, remembered.runs, community, at=CLUB_AT)
    with pytest.raises(Refusal, match="had no members by 2020-01-01 00:00 UTC"):
        preview(remembered.desk, remembered.runs, community, at=datetime(2020, 1, 1, tzinfo=UTC), given=True)
