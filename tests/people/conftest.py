"""Fixtures of the people of `auto`: the community published in this module's database, everybody in their roles."""

from __future__ import annotations

import pytest

from cli.memory import Memory
from rules.spec import Community
from tests.people.owners import owners


@pytest.fixture(scope="module")
def auto(memory: Memory) -> Community:
    """The sample community; nobody is a member yet."""
    return owners(memory)
