"""The commands of reviews, as people and programs use them."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from cli.memory import Memory
from tests.moves.club import AT, facts, people, publish

pytestmark = pytest.mark.servers


@pytest.fixture
def home(database_url: str, temporal_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    monkeypatch.setenv("TRELLIS_HOME", str(tmp_path))


def trellis(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--json"])
    assert (left.value.code or 0) == code
    return json.loads(capsys.readouterr().out)


def test_review_decisions_and_verify(home: None, memory: Memory, worker: Any, capsys: Any) -> None:
    community = publish(memory)
    people(memory, community, "ann", "bob")
    facts(memory, community, "posted", "ann", [1, 2, 3])
    with worker():
        said = trellis(capsys, "review", "--at", AT.isoformat())

    assert said["parts"]["tier"]["moved:guest>regular"] == 1
    assert said["standings"]["tier"] == {"guest": 1, "regular": 1, "trusted": 0}
    assert said["waiting"] == 0
    found = trellis(capsys, "decisions", "ann")["decisions"]
    assert {(one["rule"], one["outcome"], one["to"]) for one in found} == {
        ("tier", "promote", "regular"),
        ("lifecycle", "move", "alive"),
    }
    assert found[0]["reasons"][0].keys() == {"metric", "over", "value", "comparison", "threshold", "truth"}
    assert trellis(capsys, "verify")["ok"] is True
    assert trellis(capsys, "invitations") == {"invitations": []}
    assert trellis(capsys, "answer", "ann", "nothing", "--accept", code=2)["ok"] is False
    assert "no open invitation" in trellis(capsys, "answer", "ann", "--accept", code=2)["error"]
    assert trellis(capsys, "review", "--scale", "fast", code=2)["ok"] is False
