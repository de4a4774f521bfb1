"""Goals: a tree with its own measure, changed only by whoever sets them, served by tasks with proper briefs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from operations.errors import Refusal
from operations.goals import aimless, refuse_meddling, share_of, tasks_within
from operations.publish import publish
from rules.compile import compile_condition
from rules.evaluate import evaluate
from rules.reading import Reading
from rules.spec import load
from rules.values import Evidence
from store.folder import read_folder
from tests.operations.bureau import AT, FILES, bureau, files
from workflows.phases import discover

AUTO = Path(__file__).parents[2] / "specs" / "auto"
LOWER = FILES["community.yaml"].replace("at_least: 2000", "at_least: 20")


def staff(role: str) -> list[str]:
    return {"planner": ["pia"], "director": ["dora"]}.get(role, [])


def test_a_goal_is_changed_only_by_whoever_sets_it() -> None:
    now, lower = bureau(), bureau(community=LOWER)

    with pytest.raises(Refusal, match="changes the goal known, which role:planner sets; dora is not among them"):
        refuse_meddling(now, lower, author="dora", staff=staff)
    refuse_meddling(now, lower, author="pia", staff=staff)
    refuse_meddling(now, lower, author="dora", staff=lambda role: [])  # a role that nobody is in binds nobody
    refuse_meddling(now, now, author="dora", staff=staff)


def test_a_goal_is_neither_dropped_nor_added_by_others() -> None:
    whole = FILES["community.yaml"]
    less = whole[: whole.index("  - id: liked")]
    tasks = {name: text.replace("goal: liked", "goal: known") for name, text in FILES.items() if "tasks/" in name}
    fewer = load({**files(community=less), **{name: text.encode() for name, text in tasks.items()}}, discover())
    assert fewer.community is not None, fewer.diagnostics

    with pytest.raises(Refusal, match="leaves out the goal liked"):
        refuse_meddling(bureau(), fewer.community, author="dora", staff=staff)
    with pytest.raises(Refusal, match="adds the goal liked"):
        refuse_meddling(fewer.community, bureau(), author="dora", staff=staff)


@pytest.mark.servers
def test_publishing_asks_who_may_change_a_goal(memory: Any) -> None:
    def published(author: str, **changed: str) -> Any:
        return publish(
            memory.specs, files(**changed), discover(), message="x", author=author, at=AT,
            staff=lambda role: memory.effects.people("bureau", role),
        )  # fmt: skip

    published("anybody")
    memory.effects.staff("bureau", "planner", ["pia"])
    with pytest.raises(Refusal, match="dora is not among them"):
        published("dora", community=LOWER)
    assert memory.specs.versions("bureau")[0].number == 1
    assert published("pia", community=LOWER).version.number == 2


def test_progress_is_how_near_the_goal_is_and_unknown_where_nobody_knows() -> None:
    community = bureau()
    condition = compile_condition(community, community.goals["liked"].reached)
    leads, reads = Reading("all_leads", scope="community"), Reading("all_reads", scope="community")

    def progress(**values: int | None) -> Fraction | None:
        known = {leads: values.get("leads"), reads: values.get("reads")}
        return share_of(evaluate(condition, Evidence({}, known)))

    assert progress(leads=5, reads=250) == Fraction(1, 2)
    assert progress(leads=10, reads=250) == Fraction(3, 4)
    assert progress(leads=99, reads=9999) == 1
    assert progress(leads=0, reads=0) == 0
    assert progress(leads=5) is None


def test_every_task_of_the_sample_serves_a_goal_and_its_campaign_names_its_acts() -> None:
    community = load(read_folder(AUTO), discover()).community
    assert community is not None

    assert aimless(community) == []
    assert tasks_within(community, "smart-driving-spring") == (
        "show-your-mileage", "twenty-four-hours", "photo-masters", "most-beautiful-lines",
    )  # fmt: skip


@pytest.mark.parametrize("part", ["aim", "must_say", "free"])
def test_a_brief_without_aim_key_messages_or_free_part_is_not_published(part: str) -> None:
    task = FILES["tasks/shapes.yaml"].splitlines()
    without = "\n".join(line for line in task if not line.strip().startswith(f"{part}:")) + "\n"

    loaded = load({**files(), "tasks/shapes.yaml": without.encode()}, discover())

    assert loaded.community is None
    assert any(part in one.message or part in one.hint for one in loaded.diagnostics)
