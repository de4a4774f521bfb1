"""Tasks from the terminal: start, follow, take part, answer, call off, rehearse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.waiting import pace
from tests.workflows.made_up import AT, village, villagers

pytestmark = pytest.mark.servers

Trellis = Callable[..., Any]


@pytest.fixture(scope="module")
def founded(room: Any, database_url: str, temporal_address: str) -> Iterator[Any]:
    """A room with the made-up community and a worker, which commands find by the environment."""
    from cli import wiring

    files, community = village()
    room.memory.specs.publish(files, community, message="founded", author="test", at=AT)
    room.memory.members(community).enlist(villagers(9), at=AT - timedelta(days=300))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database_url)
        patch.setenv("TEMPORAL_ADDRESS", temporal_address)
        with room.gateway.working(wiring.crew(room.memory, room.gateway)):
            yield room


@pytest.fixture
def trellis(founded: Any) -> Trellis:
    """`trellis("tasks")` runs the command with `--json` and gives its document; a refusal is raised."""
    from cli.main import build

    def run(*given: str) -> Any:
        found = CliRunner().invoke(build(), [*given, "--json"])
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        assert found.exit_code == 0, found.output
        return json.loads(found.stdout)

    return run


def test_a_task_is_rehearsed_to_its_end_and_shown(trellis: Trellis) -> None:
    told = trellis("rehearse", "harvest", "--here", "--scale", "1d=20ms", "--seed", "4", "--at", "2027-03-08")["task"]

    assert (told["status"], told["end"]) == ("ended", "end")
    assert [visit["phase"] for visit in told["phases"]][:3] == ["guests", "rest", "courses"]
    assert told["phases"][0]["acts"] == len(told["phases"][0]["results"]["members"])
    again = trellis("rehearse", "harvest", "--here", "--scale", "1d=10ms", "--seed", "4", "--at", "2027-03-08")["task"]
    assert [visit["outcome"] for visit in again["phases"]] == [visit["outcome"] for visit in told["phases"]]
    assert again["parts"] == told["parts"]
    runs = trellis("tasks", "--task", "harvest")["runs"]
    assert [run["status"] for run in runs] == ["ended", "ended"]
    assert trellis("task", "harvest/1")["task"] == told


def test_nothing_is_rehearsed_where_notices_reach_people(trellis: Trellis, monkeypatch: pytest.MonkeyPatch) -> None:
    from operations.errors import Refusal

    monkeypatch.setenv("TRELLIS_NOTIFY_URLS", "log:, https://crm.example/notices")

    with pytest.raises(Refusal, match="reach people"):
        trellis("rehearse", "harvest", "--scale", "1d=20ms")


def test_nothing_is_rehearsed_among_the_members_of_a_database_of_ones_own_without_saying_so(
    trellis: Trellis, founded: Any
) -> None:
    from operations.errors import Refusal

    before = len(founded.memory.runs.runs("village"))

    with pytest.raises(Refusal, match=r"village has 9 members in a database of your own .* would stay with them") as no:
        trellis("rehearse", "harvest", "--scale", "1d=20ms")

    assert "--here" in no.value.hint
    assert len(founded.memory.runs.runs("village")) == before


def test_nothing_is_rehearsed_in_a_folder_in_which_there_are_others_than_the_practice_community(
    trellis: Trellis, founded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from operations.errors import Refusal

    monkeypatch.setattr("cli.wiring.room", lambda: nullcontext(founded))
    monkeypatch.delenv("DATABASE_URL")

    with pytest.raises(Refusal, match=r"village has 9 members besides those of `trellis new practice`, and") as no:
        trellis("rehearse", "harvest", "--scale", "1d=20ms")

    assert "TRELLIS_HOME=rehearsal trellis rehearse harvest" in no.value.hint
    assert "--here" in no.value.hint


def test_people_take_part_from_the_terminal(trellis: Trellis, founded: Any, eventually: Any) -> None:
    from cli.given import item_called
    from operations.errors import Refusal

    run = trellis("start", "best-dish", "--scale", pace("1d=3s"))["run"]["id"]
    eventually(lambda: founded.memory.runs.visit(run, "pieces"))
    work = trellis("submit", run, "pieces", "--member", "m01", "--form", "name=soup", "--form", "hot=yes")["work"]
    with pytest.raises(Refusal, match="hot is true or false"):
        trellis("submit", run, "pieces", "--member", "m02", "--form", "name=soup", "--form", "hot=perhaps")
    eventually(lambda: founded.memory.runs.visit(run, "best"))
    item = trellis("inbox", "--role", "elder")["items"][0]
    assert (item["run"], item["choices"]) == (run, ["score"])
    for judge in ("role:elder", "role:clerk"):
        trellis("score", run, work, "--by", judge, "--give", "taste=9,looks=5")
    eventually(lambda: founded.memory.inbox.item("village", f"{run}/word/1"))
    asked = trellis("inbox", "--role", "clerk", "--run", "best-dish")["items"][0]["id"]
    trellis("claim", item_called(asked), "--by", "ann")
    with pytest.raises(Refusal, match="There is no item 'i-00000000'"):
        trellis("claim", "i-00000000", "--by", "ann")
    done = trellis("complete", asked, "--outcome", "done", "--form", "text=fine")["item"]
    assert (done["state"], done["completed_by"]) == ("done", "ann")
    eventually(lambda: trellis("task", run)["task"]["status"] == "ended")


def test_a_run_is_called_off_from_the_terminal(trellis: Trellis, founded: Any, eventually: Any) -> None:
    from operations.errors import Refusal

    run = trellis("start", "harvest", "--key", "once")["run"]["id"]
    assert trellis("start", "harvest", "--key", "once")["run"]["id"] == run
    eventually(lambda: founded.memory.runs.visit(run, "guests"))
    trellis("enrol", run, "--member", "m03")
    assert trellis("task", run)["task"]["parts"] == {"m03": "member"}
    trellis("withdraw", run, "--member", "m03")

    assert trellis("cancel", run)["status"] == "cancelled"
    with pytest.raises(Refusal, match="is over already"):
        trellis("cancel", run)
    with pytest.raises(Refusal, match="There is no run"):
        trellis("task", "harvests")
