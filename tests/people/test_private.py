"""What a private form was answered is read by whoever answered and the member's contact, and by nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations.ports.members import Member
from tests.people.town import AT, publish
from tests.scarce.depot import Walk
from workflows.seeing import seen

pytestmark = pytest.mark.servers


def test_a_private_answer_is_not_told_as_a_result_either(remembered: Any) -> None:
    community = publish(remembered)
    people = [Member(who, AT - timedelta(days=99), {"consent": True}) for who in ("ann", "eve")]
    remembered.members(community).enlist(people, at=AT)
    walk = Walk(remembered)
    run = walk.start("a-talk", "ann", at=AT)
    walk.open(run, "how", AT)
    walk.desk.answer(run.id, "how", by="ann", choice="done", fields={"situation": "my knee hurts"})
    assert walk.check(run, "how", AT + timedelta(hours=1)).outcome == "done"

    assert "my knee hurts" not in str(seen(walk.desk, run.id, "eve"))
    for who in ("ann", None):
        assert seen(walk.desk, run.id, who)["phases"][0]["results"]["situation"] == "my knee hurts"
