"""One member's journey, from being spotted to being honorary for life, on the real servers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cli.journey import Journey
from cli.wiring import Room

pytestmark = [pytest.mark.servers, pytest.mark.slow]
Worker = Callable[..., AbstractContextManager[None]]
AUTO = Path(__file__).parents[2] / "specs" / "auto"


def test_a_member_goes_all_the_way_from_a_group_chat_to_honorary_for_life(room: Room, worker: Worker) -> None:
    with worker():
        marks = Journey(room, AUTO, say=print).play()
    assert [mark.what for mark in marks] == [
        "spotted", "agreed", "welcomed", "reposted", "active owner", "core owner", "mature", "shared", "slowing down",
        "talked", "honorary", "still honorary",
    ]  # fmt: skip
