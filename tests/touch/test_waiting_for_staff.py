"""Whoever came with a standing, or moved while nobody was there, waits for a contact until somebody is appointed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cli.main import main
from cli.memory import Memory
from operations.keep_touch import keep_touch
from operations.ports.standings import LIFECYCLE, First, Place
from tests.moves.club import AT, facts, people, publish, reviewed
from tests.moves.club import LIFECYCLE as STAGES

pytestmark = pytest.mark.servers

WITH_TUTORS = STAGES.replace(
    "title: { en: Alive, zh: 活跃 } }",
    "title: { en: Alive, zh: 活跃 }, then: [{ assign: { as: tutor, from: role:head } }] }",
)


def test_appointing_somebody_gives_those_who_waited_their_contact(
    remembered: Memory, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    club = publish(remembered, lifecycle=WITH_TUTORS)
    people(remembered, club, "ann", "bob", "cai", "dee")
    firsts = [First(place=Place(member=one, ladder="tier"), at="regular") for one in ("ann", "bob", "cai")]
    firsts.append(First(place=Place(member="bob", ladder=LIFECYCLE), at="alive"))
    remembered.standings.begin("club", firsts, at=AT - timedelta(days=200))
    facts(remembered, club, "posted", "dee", [1, 2, 3])
    assert reviewed(remembered)["tier"]["moved:guest>regular"] == 1
    keep_touch(remembered.desk, club, at=AT)
    assert remembered.touch.assignments("club") == []  # nobody is there

    monkeypatch.setenv("DATABASE_URL", fresh_database_url)

    def appointed(role: str, person: str) -> list[tuple[str, str]]:
        with pytest.raises(SystemExit):
            main(["staff", "appoint", role, person, "--json"])
        return [(one["whom"], one["as"]) for one in json.loads(capsys.readouterr().out)["looks_after"]]

    first = appointed("keeper", "kim")
    assert len(first) == 2  # of four, as many as one may have
    second = appointed("keeper", "kit")
    assert sorted(who for who, _ in (*first, *second)) == ["ann", "bob", "cai", "dee"]
    assert appointed("head", "hed") == [("bob", "tutor"), ("dee", "tutor")]
    assert appointed("keeper", "kai") == []
