"""`trellis plan` is only a look: it says how many and who would move between which tiers, and writes nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cli.main import main
from tests.moves.club import AT, FILES, TIERS, facts, people, publish, reviewed

pytestmark = pytest.mark.servers

OTHER = TIERS.replace("at_least: 3, over: 30d", "at_least: 2, over: 30d").replace(
    "keep: { posts: { at_least: 1, over: 30d } }\n    grace: 7d\n", "keep: { posts: { at_least: 9, over: 30d } }\n"
)
"""Easier to come into, and harder to stay in."""


def everything(memory: Any) -> Mapping[str, list[str]]:
    """Every row of every table."""
    with memory.engine.connect() as connection:
        names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        return {
            name: sorted(connection.execute(text(f'SELECT to_jsonb(t)::text FROM "{name}" t')).scalars())
            for name in sorted(names)
        }


def test_a_plan_counts_and_names_who_would_rise_and_fall_and_changes_no_row(
    remembered: Any, fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("TRELLIS_HOME", str(tmp_path / "home"))
    club = publish(remembered)
    people(remembered, club, "ann", "bob", "cai", "dee")
    for who in ("ann", "bob"):
        facts(remembered, club, "posted", who, [1, 2, 3])
    reviewed(remembered)  # they are regulars now
    facts(remembered, club, "posted", "cai", [1, 2])
    for path, content in {**FILES, "tiers.yaml": OTHER}.items():
        (tmp_path / "edited" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "edited" / path).write_text(content, encoding="utf-8")
    before = everything(remembered)

    plan, members = tmp_path / "plan.json", tmp_path / "members.csv"
    at = (AT + timedelta(days=1)).isoformat()
    with pytest.raises(SystemExit) as left:
        main(["plan", str(tmp_path / "edited"), "--at", at, "--out", str(plan), "--members", str(members)])

    assert left.value.code == 3
    moves = {(one["from"], one["to"]): one["members"] for one in json.loads(plan.read_text())["transitions"]}
    assert moves["guest", "regular"] == 1
    assert moves["regular", "guest"] == 2
    rows = [row for row in csv.DictReader(members.open(encoding="utf-8")) if row["ladder"] == "tier"]
    named = {(row["from"], row["to"], row["member"]) for row in rows if row["change"] == "new"}
    assert named == {("guest", "regular", "cai"), ("regular", "guest", "ann"), ("regular", "guest", "bob")}
    assert everything(remembered) == before
