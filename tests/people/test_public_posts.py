"""Monitoring the platforms for the sample: strangers are candidates, owners are raised, one person is one candidate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cli.memory import Memory
from operations.books import check_books
from operations.candidates import CandidateShown, candidates
from operations.identity import Met, attach, import_posts, join, prospect_id, separate
from operations.known import Known
from operations.ports.effects import Deed
from operations.ports.persons import PRIVATE, PUBLIC
from rules.spec import Community
from store.person_rows import tables
from tests.people.owners import AT, did, enlist, reviewed, spotted, stage

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
ZHOU, AGAIN = prospect_id("weibo", "小周"), prospect_id("autohome", "小周在路上")
FOLLOWS = {"joining", "privacy", "chunk", "metric", "fact_arrival", "subject", "spec_document", "spec_version"}
"""Tables of what was done, and of what follows from facts."""


def imported(
    memory: Memory, auto: Community, path: Path, source: str, *accounts: str, origin: str = PUBLIC, first: int = 0
) -> Met:
    """A file of posts on a platform, one a day for each account named; the accounts are all that it knows of people."""
    rows = ["id,account,kind,at,evidence,work,space,nature,public"]
    for n, account in enumerate(accounts, start=first):
        at = AT - (20 - n) * DAY
        link = f"https://{source}.example/{n}"
        rows.append(f"{source}-{n},{account},posted,{at.isoformat()},{link},{source}-work-{n},plaza,talk,true")
    file = path / f"{source}-{first}.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    met = import_posts(
        file, auto, source=source, origin=origin, facts=memory.facts(auto), members=memory.members(auto),
        persons=memory.persons, at=AT,
    )  # fmt: skip
    assert met.imported.rejected == 0, met.imported
    return met


def listed(memory: Memory, auto: Community) -> dict[str, CandidateShown]:
    return {one.member: one for one in candidates(memory.desk, memory.persons, auto)}


def tags(memory: Memory, auto: Community) -> dict[str, tuple[str | None, str | None]]:
    return {one.member: (one.tag, one.origin) for one in listed(memory, auto).values()}


def posts_of(memory: Memory, auto: Community, *members: str) -> dict[str, int]:
    found = Known(memory.house, auto, AT).figures([("posts", "90d")], members=list(members))["posts", "90d"]
    return {who: int(value or 0) for who, value in found.items()}  # type: ignore[arg-type]


def kept(memory: Memory) -> dict[str, Sequence[str]]:
    """Every row of every table but those in which a join is noted, or which follow from facts."""
    with memory.engine.connect() as connection:
        return {
            table.name: sorted(connection.execute(text(f'SELECT to_jsonb(t)::text FROM "{table.name}" t')).scalars())
            for table in tables()
            if table.name not in FOLLOWS
        }


def test_posts_make_candidates_and_raise_whoever_is_known_at_home_whose_tag_stays_what_it_was(
    memory: Memory, auto: Community, tmp_path: Path
) -> None:
    enlist(memory, auto, "li", origin=PRIVATE, consent=True)
    enlist(memory, auto, "quiet", origin=PRIVATE, consent=True)
    members = memory.members(auto)
    attach(memory.persons, members, auto, "li", "group", "li-42", origin=PRIVATE, at=AT - 90 * DAY)
    attach(memory.persons, members, auto, "li", "weibo", "老李", origin=PUBLIC, at=AT - 30 * DAY)

    met = imported(memory, auto, tmp_path, "weibo", "老李", "小周", "小周", "路人")
    again = imported(memory, auto, tmp_path, "weibo", "老李", "小周", "小周", "路人")
    other = imported(memory, auto, tmp_path, "autohome", "小周在路上")

    assert (met.prospects, met.imported.new, again.prospects, again.imported.new) == (2, 4, 0, 0)
    assert (other.prospects, other.imported.new) == (1, 1)
    passer = prospect_id("weibo", "路人")
    assert tags(memory, auto) == {
        "li": (PRIVATE, "both"),  # seen in public too, and found at home for good
        **dict.fromkeys((ZHOU, AGAIN, passer), (PUBLIC, PUBLIC)),
    }
    assert [one.evidence for one in listed(memory, auto)["li"].evidence] == ["https://weibo.example/0"]
    assert posts_of(memory, auto, "li", ZHOU, AGAIN) == {"li": 1, ZHOU: 2, AGAIN: 1}

    # whatever is seen later, or turns up from earlier, is evidence and no other tag
    imported(memory, auto, tmp_path, "group", "li-42", origin=PRIVATE, first=5)
    attach(memory.persons, members, auto, ZHOU, "group", "zhou-7", origin=PRIVATE, at=AT)
    spotted(memory, auto, "weibo:老李", day=700)  # seen by a scout long before li was an owner, and told only now
    assert tags(memory, auto)["li"] == (PRIVATE, "both")
    assert tags(memory, auto)[ZHOU] == (PUBLIC, "both")
    assert sorted(one.origin for one in listed(memory, auto)["li"].evidence) == [PRIVATE, PUBLIC, PUBLIC]
    assert "quiet" not in listed(memory, auto), "nobody has seen them in public"

    # who was seen deep and original enough is a sprout, the stranger as well as the owner; the others are not
    for who in ("weibo:老李", "weibo:小周"):
        spotted(memory, auto, who, day=9)
    reviewed(memory, auto)
    assert {who: stage(memory, auto, who) for who in ("li", ZHOU, AGAIN, passer, "quiet")} == {
        "li": "emerging", ZHOU: "emerging", AGAIN: None, passer: None, "quiet": None,
    }  # fmt: skip


def test_two_accounts_of_one_owner_are_one_member_and_apart_again_as_they_were(memory: Memory, auto: Community) -> None:
    enlist(memory, auto, "wang", origin=PRIVATE, consent=True, tier="active", stage="active", city="上海")
    enlist(memory, auto, "wang-2", days=60, origin=PUBLIC, tier="base", since=50, skills=frozenset({"camera"}))
    did(memory, auto, "wang", "posted", 3, 5, work="w-1", nature="talk", public=False)
    did(memory, auto, "wang-2", "posted", 4, work="w-2", nature="talk", public=True)
    did(memory, auto, "wang", "liked", 4, by="wang-2", work="w-1")
    did(memory, auto, "wang", "liked", 6, by="somebody", work="w-1")
    given: Any = [
        Deed(key=f"g/{who}", kind="points", at=AT, source="g", member=who, details={"amount": amount})
        for who, amount in (("wang", 30), ("wang-2", 5))
    ]
    memory.effects.do(auto.id, given)
    before = kept(memory)

    join(memory.persons, auto, "wang", "wang-2", at=AT, by="olga", reason="same phone")

    assert [one.id for one in memory.members(auto).find(["wang", "wang-2"])] == ["wang"]
    assert posts_of(memory, auto, "wang") == {"wang": 3}
    likes = Known(memory.house, auto, AT).figures([("likes_received", "90d")], members=["wang"])
    assert likes["likes_received", "90d"]["wang"] == 1, "what the own other account liked is no like"
    assert {one.account: one.amount for one in memory.effects.balances(auto.id, "points")}["wang"] == 35
    assert memory.persons.tags(auto.id, ["wang"]) == {"wang": PRIVATE}, "of whoever was there first"
    assert memory.members(auto).find(["wang"])[0].attributes["origin"] == "both"
    assert check_books(memory.desk, auto).findings == []

    separate(memory.persons, auto, "wang-2", at=AT + DAY, by="olga", reason="two brothers")

    after = kept(memory)
    assert {name for name in before if before[name] != after[name]} == set()
    assert memory.persons.tags(auto.id, ["wang", "wang-2"]) == {"wang": PRIVATE, "wang-2": PUBLIC}
    assert posts_of(memory, auto, "wang", "wang-2") == {"wang": 2, "wang-2": 1}
    assert check_books(memory.desk, auto).findings == []


def test_one_person_under_two_names_in_public_is_one_candidate(memory: Memory, auto: Community) -> None:
    assert {ZHOU, AGAIN} <= set(listed(memory, auto))

    join(memory.persons, auto, ZHOU, AGAIN, at=AT + DAY, by="scout-1", reason="the same car, the same face")

    found = listed(memory, auto)
    assert AGAIN not in found
    assert {one.place for one in found[ZHOU].evidence if one.place} >= {"weibo:小周", "autohome:小周在路上"}
    assert posts_of(memory, auto, ZHOU) == {ZHOU: 3}
