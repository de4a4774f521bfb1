"""Approval: when a gate is decided, by count, by majority, with a veto, and as a share of those asked."""

from types import SimpleNamespace
from typing import Any

import pytest

from operations.approval import needs_of, tally


def gate(**said: Any) -> Any:
    return SimpleNamespace(**{"decided_by": "count", "veto": False, "needs": 1, **said})


@pytest.mark.parametrize(
    ("said", "asked", "rule", "outcome"),
    [
        (["agree"], 3, gate(), "agree"),
        (["refuse"], 1, gate(), "refuse"),
        (["refuse"], 3, gate(), ""),
        (["agree", "refuse"], 3, gate(needs=2), ""),
        (["agree", "agree"], 3, gate(needs=2), "agree"),
        (["refuse", "refuse"], 3, gate(needs=2), "refuse"),
        (["agree", "refuse"], 3, gate(needs=2, veto=True), "refuse"),
        (["agree", "agree"], 3, gate(needs=2, decided_by="majority"), "agree"),
        (["agree"], 3, gate(needs=2, decided_by="majority"), ""),
        (["agree", "refuse"], 3, gate(needs=2, decided_by="majority"), ""),
        (["agree", "refuse"], 2, gate(needs=2, decided_by="majority"), "refuse"),
        ([], 3, gate(), ""),
    ],
)
def test_a_gate_is_decided_as_soon_as_nothing_can_change_it(
    said: list[str], asked: int, rule: Any, outcome: str
) -> None:
    assert tally(said, asked, needs_of(rule, asked), rule) == outcome


def test_a_share_of_those_asked_is_rounded_up() -> None:
    assert [needs_of(gate(needs="50%"), asked) for asked in (1, 3, 4)] == [1, 2, 2]
