"""A quarter with twenty members and four classes at once: every check-in once, as the bench does it for thousands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "touch.py"


@pytest.mark.slow
def test_every_check_in_of_a_quarter_happens_once() -> None:
    asked = ["--members", "20", "--cohorts", "4", "--scale", "1d=100ms", "--patience", "600", "--json"]
    done = subprocess.run([sys.executable, str(BENCH), *asked], capture_output=True, text=True, check=False)

    found = json.loads(done.stdout)
    assert (done.returncode, found["wrong"]) == (0, [])
    assert found["check_ins"] == 20 * 6
    assert found["most_at_once"] == 24
    assert found["longest_history"] < 400
