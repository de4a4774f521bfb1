"""Trying versions out from the terminal: shadows, shares, and the way back."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.memory import Memory
from tests.moves.club import FILES, TIERS, club, facts, people, reviewed

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs `trellis` against this module's database, with the club and an easier club to publish."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "DATABASE_URL": url, "TRELLIS_HOME": str(folder / "home")}
        self.environment["PYTHONPATH"] = str(ROOT)
        easier = TIERS.replace("at_least: 3, over: 30d", "at_least: 2, over: 30d")
        for name, tiers in (("club", TIERS), ("easier", easier)):
            for path, text in {**FILES, "tiers.yaml": tiers}.items():
                file = folder / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "cli.main", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, cwd=self.folder)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def data(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"), database_url)


def test_a_version_is_tried_shown_day_by_day_and_taken_back(shell: Shell, memory: Memory) -> None:
    assert "No community club is published here" in shell("apply", "easier", "--shadow", "-m", "Try", code=2)
    first = shell.data("apply", "club", "-m", "First")["version"]["digest"]
    people(memory, club(), "ann", "bob", "cai")
    facts(memory, club(), "posted", "ann", [1, 2])
    facts(memory, club(), "posted", "bob", [1, 2, 3])

    shadow = shell.data("apply", "easier", "--shadow", "-m", "Two posts?")["trial"]
    reviewed(memory)
    (trial,) = shell.data("versions", shadow["digest"][7:19])["trials"]
    people_read = shell("versions", shadow["digest"])

    assert (shadow["kind"], shadow["share"], shadow["state"]) == ("shadow", "0%", "running")
    (seen,) = trial["reviews"]
    assert [(d["part"], d["from"], d["here"], d["there"], d["members"], d["some"]) for d in seen["differences"]] == [
        ("tier", "guest", "none", "promote regular", 1, ["ann"])
    ]
    assert "promote regular" in people_read
    assert "2027-03-01" in people_read

    staged = shell.data("apply", "easier", "--steps", "50% 100%", "--stop-if", "demotions > 5", "-m", "Half")["trial"]
    assert (staged["share"], staged["stop_if"]) == ("50%", ["demotions > 5"])
    assert staged["steps"] == [{"share": "50%", "at": None}, {"share": "100%", "at": None}]
    listed = shell.data("versions")
    assert [(one["kind"], one["state"]) for one in listed["trials"]] == [("staged", "running"), ("shadow", "running")]
    assert "50% of members (50% → 100%), stop if demotions > 5" in shell("versions")

    back = shell.data("rollback", first[7:17], "-m", "Not yet")
    assert (back["new"], back["version"]["number"], len(back["withdrawn"])) == (False, 1, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rollback", "0123456789", "-m", "Back"), "No spec 0123456789 was ever published here."),
        (("rollback", "yesterday", "-m", "Back"), "'yesterday' is not a digest."),
        (("versions", "0123456789"), "No spec 0123456789 was ever published here."),
        (("apply", "easier", "--shadow", "--share", "5%", "-m", "Try"), "exclude each other"),
        (("apply", "easier", "--stop-if", "moved > 5%", "-m", "Try"), "--stop-if needs --steps or --share."),
        (("apply", "easier", "--steps", "50% 10%", "-m", "Try"), "is not more than 50% before it"),
        (("apply", "easier", "--share", "5%", "--stop-if", "sales > 5", "-m", "Try"), "cannot be read"),
        (("apply", "easier", "--share", "5%"), "needs a message"),
    ],
)
def test_wrong_input_is_one_sentence(shell: Shell, memory: Memory, arguments: tuple[str, ...], said: str) -> None:
    if not memory.specs.communities():
        shell("apply", "club", "-m", "First")
    told = shell(*arguments, code=2)
    assert said in told
    assert len([line for line in told.splitlines() if line.startswith("trellis: ")]) == 1
