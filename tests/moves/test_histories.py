"""Histories recorded from earlier releases replay under today's code: nothing that runs breaks on an update."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from workflows.membership import Membership
from workflows.outbox import Outbox
from workflows.review import Review
from workflows.runtime import converter

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_recorded_history_replays(path: Path) -> None:
    history = WorkflowHistory.from_json(path.stem, path.read_text())
    replayer = Replayer(workflows=[Review, Membership, Outbox], data_converter=converter())

    asyncio.run(replayer.replay_workflow(history))


def test_every_kind_of_workflow_has_a_recorded_history() -> None:
    assert {path.stem for path in HISTORIES} == {"review", "membership", "outbox"}
