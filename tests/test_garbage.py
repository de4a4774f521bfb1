"""A process of tests does not grow because of a command that was asked in it."""

import gc
import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

HERE = Path(__file__).parents[1] / "specs" / "maintainers"


@pytest.mark.parametrize("time", ["first", "second"])
def test_garbage_is_looked_for_again_after_a_command_that_leaves_its_own_lying(
    time: str, tmp_path: Path, capsys: Any
) -> None:
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"members": [{"id": "ann"}]}))

    with pytest.raises(SystemExit):
        main(["decide", str(HERE), "--facts", str(facts), "--json"])

    assert not gc.isenabled(), "its process would end now"
    gc.freeze()
