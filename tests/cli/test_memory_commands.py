"""Publishing, importing and listing from the terminal, as a person and as a program would."""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from tests.store.small_spec import small_files

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs `trellis` against this module's database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "DATABASE_URL": url, "TRELLIS_HOME": str(folder / "home")}
        self.environment["PYTHONPATH"] = str(ROOT)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "cli.main", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, cwd=self.folder)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code in (0, 3) else done.stdout + done.stderr

    def data(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    for name, content in small_files().items():
        path = folder / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    metrics = folder / "small" / "metrics.yaml"
    talked = "{ id: talked, title: { en: Talk, zh: 谈 }, private: true, fields: [{ id: life, type: text }] }"
    metrics.write_text(metrics.read_text("utf-8").replace("\nmetrics:\n", f"\n  - {talked}\nmetrics:\n"), "utf-8")
    (folder / "members.csv").write_text("id,joined,company,stage\nann,2026-01-01,acme,\nbob,2026-02-01,,\n,x,,\n")
    row = "f1,ann,made,2026-10-01T08:00:00Z,3"
    (folder / "facts.csv").write_text(f"id,member,kind,at,size\n{row}\nf2,bob,made,never,3\n")
    return Shell(folder, database_url)


def in_doubt(url: str) -> int:
    """How many metrics the next look would have to build anew."""
    from store.engine import open_engine

    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM metric WHERE maintained AND NOT built")).scalar_one()
    engine.dispose()
    return int(found)


def test_a_community_is_published_filled_and_listed(shell: Shell) -> None:
    assert "Nothing is published yet" in shell("versions")
    assert "needs a message" in shell("apply", "small", code=2)
    assert shell.data("apply", "small", "-m", "First")["new"] is True
    assert "has these very specs already" in shell("apply", "small", "-m", "First")
    [version] = shell.data("versions")["versions"]
    assert (version["community"], version["number"], version["message"]) == ("small", 1, "First")
    there = datetime.fromisoformat(version["at"]).astimezone(ZoneInfo("Europe/Berlin"))  # where the community is
    assert f"{there:%Y-%m-%d %H:%M}" in shell("versions")

    done = shell.data("import", "members", "members.csv", code=3)
    assert (done["new"], done["rejected"]) == (2, 1)
    done = shell.data("import", "facts", "facts.csv", code=3)
    assert (done["new"], done["rejected"]) == (1, 1)
    assert done["first_rejects"][0]["line"] == 3
    assert (shell.folder / done["rejects"]).exists()
    (shell.folder / "facts.csv").write_text("id,member,kind,at,size\nf1,ann,made,2026-10-01T08:00:00Z,3\n")
    assert "Nothing changed" in shell("import", "facts", "facts.csv")
    (shell.folder / "moved.csv").write_text("id,joined,company\nbob,2026-02-01,other\n")
    assert shell.data("import", "members", "moved.csv")["changed"] == 1
    assert in_doubt(shell.environment["DATABASE_URL"]) == 0  # an import leaves nothing for the next look to do

    listed = shell.data("members", "--at", "2026-11-01")
    assert [row["subject"] for row in listed["members"]] == ["ann", "bob"]
    ann = shell.data("members", "ann")
    assert ann["attributes"] == {"company": "acme"}
    assert [fact["kind"] for fact in ann["facts"]] == ["made"]
    assert "ann" in shell("members")
    (shell.folder / "scores.csv").write_text(
        "id,member,kind,at,score,cost\nf9,ann,made,2026-10-02T08:00:00Z,0.75,12.50\n"
    )
    shell("import", "facts", "scores.csv")
    assert shell.data("members", "ann")["facts"][0]["fields"] == {"score": "0.75", "cost": "12.50 EUR"}
    assert "cost 12.50 EUR, score 0.75" in shell("members", "ann")


def test_what_a_private_form_holds_is_for_whoever_filled_it_in(shell: Shell) -> None:
    shell("fill", "talked", "--about", "bob", "--form", "life=a second child", "--as", "lin")

    assert shell.data("filled", "talked", "--as", "lin")["filled"][0]["fields"] == {"life": "a second child"}
    assert shell.data("filled", "talked", "--as", "mei")["filled"][0]["fields"] is None
    assert "second child" not in shell("filled", "talked", "--as", "mei")
    assert "second child" not in shell("members", "bob")


def test_what_cannot_be_done_is_said_in_a_sentence(shell: Shell) -> None:
    (shell.folder / "broken").mkdir()
    (shell.folder / "broken" / "community.yaml").write_text("schema: community/v1\nid: broken\n")
    assert "Nothing was published" in shell("apply", "broken", "-m", "x", code=2)
    assert "no folder" in shell("apply", "nowhere", "-m", "x", code=2)
    assert "cannot be read" in shell("import", "facts", "nowhere.csv", "--community", "small", code=2)
    assert "No community other" in shell("import", "facts", "facts.csv", "--community", "other", code=2)
    (shell.folder / "commas.csv").write_text('id,joined,likes\ncat,2026-01-01,"red,blue"\n')
    done = shell.data("import", "members", "commas.csv", "--community", "small", code=3)
    assert "several values are separated by ;" in done["first_rejects"][0]["reason"]
    assert "No community other" in shell("versions", "--community", "other", code=2)
