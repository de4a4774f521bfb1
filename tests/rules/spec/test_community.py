"""A community as it was read: its digest, its names, and modes with their arguments put in."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.spec import ArgumentError, Community, load
from workflows.phases import can_run, discover

ROOT = Path(__file__).parents[3]


def files(name: str) -> dict[str, bytes]:
    folder = ROOT / name
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.yaml"))}


SMALLEST = files("tests/specs/smallest")


def read(community: dict[str, bytes]) -> Community:
    loaded = load(community, discover())
    assert loaded.community is not None, loaded.diagnostics
    return loaded.community


def test_comments_and_layout_do_not_change_the_digest() -> None:
    commented = {
        name: b"# a word\n" + content.replace(b"\nid:", b"   # here\n\nid:") for name, content in SMALLEST.items()
    }

    assert read(commented).digest == read(SMALLEST).digest


def test_file_names_and_the_order_of_keys_do_not_change_the_digest() -> None:
    moved = {f"elsewhere/{n}.yaml": SMALLEST[name] for n, name in enumerate(sorted(SMALLEST, reverse=True))}
    moved = {
        name: content.replace(b"zone: Europe/Berlin\ncalendar: office", b"calendar: office\nzone: Europe/Berlin")
        for name, content in moved.items()
    }

    assert read(moved).digest == read(SMALLEST).digest


def test_a_changed_value_changes_the_digest() -> None:
    changed = {**SMALLEST, "sla.yaml": SMALLEST["sla.yaml"].replace(b"claim: 4bh", b"claim: 5bh")}

    assert changed != SMALLEST
    assert read(changed).digest != read(SMALLEST).digest


def test_everything_is_found_by_its_id_in_the_order_written() -> None:
    c = read(files("specs/auto"))

    assert (c.id, str(c.zone)) == ("auto", "Asia/Shanghai")
    assert list(c.ladders) == ["tier"]
    assert [t.id for t in c.ladders["tier"].tiers] == ["base", "active", "core", "ambassador"]
    assert c.lifecycle is not None
    assert "contest" in c.modes
    assert c.metric_type("quality_posts") == "integer"
    assert c.metric_type("nonsense") is None
    assert c.attribute_type("interests") == "set"
    assert c.attribute_type("days_in_tier") == "integer"
    assert c.attribute_type("nonsense") is None
    assert "submitted" in c.engine_facts


@pytest.mark.parametrize("name", ["auto", "maintainers"])
def test_every_task_can_be_bound_to_its_mode(name: str) -> None:
    c = read(files(f"specs/{name}"))

    for task in c.tasks.values():
        bound = c.bind(task.id)
        assert bound.id == task.mode
        assert not any(
            isinstance(getattr(p, "within", None), str) and p.within.startswith("$")
            for p in bound.phases
            if hasattr(p, "within")
        )


def test_arguments_given_at_the_start_stand_above_the_tasks_own() -> None:
    c = read(files("specs/auto"))
    task = next(
        t for t in c.tasks.values() if any(p.type == "integer" and p.has_default for p in c.modes[t.mode].parameters)
    )
    name = next(p.id for p in c.modes[task.mode].parameters if p.type == "integer" and p.has_default)

    assert c.bind(task.id, {name: 3}) != c.bind(task.id, {name: 4})


def test_arguments_that_do_not_fit_are_refused_in_words() -> None:
    c = read(files("specs/auto"))

    with pytest.raises(ArgumentError, match="no task 'nothing'"):
        c.bind("nothing")
    with pytest.raises(ArgumentError, match="no parameter 'colour'"):
        c.bind(next(iter(c.tasks)), {"colour": "red"})
    budget = next(t.id for t in c.tasks.values() if any(p.id == "term" for p in c.modes[t.mode].parameters))
    with pytest.raises(ArgumentError, match="not a duration"):
        c.bind(budget, {"term": "long"})


def test_every_kind_of_phase_is_found_by_its_folder() -> None:
    kinds = discover()

    assert len(kinds) >= 15  # of the language; others may have been added
    assert all(model.model_fields["kind"].annotation.__args__ == (kind,) for kind, model in kinds.items())  # type: ignore[union-attr]
    assert can_run("submit")
    assert not can_run("nonsense")


def test_a_community_without_an_error_is_read_again_from_its_own_files() -> None:
    assert read(SMALLEST).digest == read(dict(reversed(list(SMALLEST.items())))).digest
