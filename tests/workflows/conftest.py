"""Fixtures: the made-up village with its fair on real servers, a worker, a launcher, the desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.made_up import AT, villagers
from tests.workflows.unseen import fairground
from workflows.desk import Desk
from workflows.launch import Launcher


@pytest.fixture(scope="module")
def founded(room: Any) -> Any:
    """A room with the made-up community in it."""
    files, community = fairground()
    room.memory.specs.publish(files, community, message="founded", author="test", at=AT)
    room.memory.members(community).enlist(villagers(12), at=AT - timedelta(days=300))
    return room


@pytest.fixture(scope="module")
def working(founded: Any) -> Iterator[None]:
    """A worker that is there for the whole module."""
    from cli import wiring

    with founded.gateway.working(wiring.crew(founded.memory, founded.gateway)):
        yield


@pytest.fixture
def launcher(founded: Any) -> Launcher:
    """Starts runs."""
    return Launcher(founded.memory.house, founded.gateway)


@pytest.fixture
def desk(founded: Any) -> Desk:
    """Where people act."""
    return Desk(founded.memory.house, poke=founded.gateway.poke)
