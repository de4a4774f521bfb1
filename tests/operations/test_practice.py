"""The practice community: files of a folder to learn with, dated back from today."""

import csv
import io
from datetime import date

import pytest

from cli.memory import Memory
from operations.practice import besides, practice
from tests.moves.club import people, publish

TODAY = date(2026, 11, 22)


def rows(file: str, today: date = TODAY) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(practice(today)[file])))


def test_every_fact_has_an_id_of_its_own_and_is_about_a_member_of_the_folder() -> None:
    members = {row["id"] for row in rows("members.csv")}
    facts = [*rows("facts.csv"), *rows("plaza.csv")]

    assert len({fact["id"] for fact in facts}) == len(facts)
    assert {fact["member"] for fact in facts} <= members
    assert {fact["by"] for fact in facts if fact.get("by")} <= members


def test_nothing_happened_later_than_yesterday() -> None:
    assert max(fact["at"] for file in ("facts.csv", "plaza.csv") for fact in rows(file)) < TODAY.isoformat()


def test_on_the_plaza_one_owner_has_the_likes_of_a_voice_and_another_lacks_one() -> None:
    likes = [fact["member"] for fact in rows("plaza.csv") if fact["kind"] == "liked"]

    assert (likes.count("han"), likes.count("jin")) == (60, 49)


@pytest.mark.servers
def test_members_besides_those_of_the_folder_are_told_from_them(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "bo", "guest-01", "guest-40")
    assert besides(remembered.members(club)) == 0

    people(remembered, club, "bob", "guest-41")

    assert besides(remembered.members(club)) == 2
