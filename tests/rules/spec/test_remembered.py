"""What a process remembers of specs: enough that an edit costs an edit, and never more than it may."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

from operations.run_results import named_types
from rules.counted import counted, definitions, fact_kinds
from rules.spec import Community, load
from rules.spec.community import Document
from rules.spec.remembered import Remembered
from tests.rules.spec.test_community import SMALLEST, files, read
from workflows.phases import discover

KINDS = discover()


def document(name: str) -> Document:
    return Document(SimpleNamespace(file=name), "rules/v1", SimpleNamespace())  # type: ignore[arg-type]


def kept(remembered: Remembered, *names: str, length: int = 10) -> None:
    for name in names:
        remembered.keep(name, b"x" * length, KINDS, document(name))


def known(remembered: Remembered, *names: str, length: int = 10) -> list[str]:
    return [name for name in names if remembered.find(name, b"x" * length, KINDS) is not None]


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    remembered = Remembered(documents=3)
    kept(remembered, "a", "b", "c")
    assert known(remembered, "a") == ["a"]

    kept(remembered, "d")

    assert known(remembered, "a", "b", "c", "d") == ["a", "c", "d"]
    assert len(remembered) == 3


def test_long_documents_are_fewer() -> None:
    remembered = Remembered(documents=100, size=1_000)
    kept(remembered, *(f"short-{n}" for n in range(50)))
    assert len(remembered) == 50

    kept(remembered, "long", length=900)
    assert len(remembered) == 11, "the long one, and ten short ones beside it"
    kept(remembered, "longest", length=5_000)
    kept(remembered, "longest", length=5_000)
    assert (len(remembered), known(remembered, "longest", length=5_000)) == (1, ["longest"])
    kept(remembered, "short")
    assert (len(remembered), known(remembered, "short")) == (1, ["short"])


def test_a_file_that_says_the_same_is_not_read_again_and_an_edited_one_is() -> None:
    before = {one.source.file: one for one in read(SMALLEST).documents}
    edited = {**SMALLEST, "sla.yaml": SMALLEST["sla.yaml"] + b"# a word\n"}

    after = {one.source.file: one for one in read(edited).documents}

    assert {name for name in after if after[name] is not before[name]} == {"sla.yaml"}


def test_what_is_remembered_of_a_spec_does_not_hold_the_spec() -> None:
    def looked_at() -> weakref.ref[Community]:
        loaded = load(files("specs/auto"), KINDS).community
        assert loaded is not None
        assert fact_kinds(loaded)
        assert counted(loaded)
        assert definitions(loaded)
        for task in loaded.tasks:
            around: Any = SimpleNamespace(community=loaded, mode=loaded.bind(task), visits=())
            assert named_types(around)[0]
        return weakref.ref(loaded)

    gone = looked_at()
    gc.collect()

    assert gone() is None
