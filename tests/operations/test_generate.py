"""A generated community is the same for the same seed, fits its specs, and lives: people come, fade and shine."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from operations.fact_gate import FactGate
from operations.generate import (
    FACT_COLUMNS,
    MEMBER_COLUMNS,
    Population,
    answer_for,
    entry_for,
    scores_for,
    write_facts,
    write_members,
)
from operations.import_members import MemberGate
from operations.rows import read_rows
from rules.counted import fact_kinds
from rules.spec import Community, load
from store.folder import read_folder
from store.members import told
from workflows.phases import discover

AT = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
SIZE = 150


@cache
def auto() -> Community:
    community = load(read_folder(Path(__file__).parents[2] / "specs" / "auto"), discover()).community
    assert community is not None
    return community


@cache
def grown(seed: int = 7) -> Population:
    return Population(seed, SIZE, AT)


def facts(seed: int = 7) -> Iterator[dict[str, str]]:
    return ({k: v for k, v in row.items() if v} for row in csv.DictReader(grown(seed).fact_lines()))


def members(seed: int = 7) -> list[dict[str, str]]:
    return list(csv.DictReader(grown(seed).member_lines()))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for number in (1, 2):
        write_members(tmp_path / f"members{number}.csv", seed=7, size=SIZE, at=AT)
        write_facts(tmp_path / f"facts{number}.csv.gz", seed=7, size=SIZE, at=AT)
    assert (tmp_path / "members1.csv").read_bytes() == (tmp_path / "members2.csv").read_bytes()
    assert (tmp_path / "facts1.csv.gz").read_bytes() == (tmp_path / "facts2.csv.gz").read_bytes()


def test_another_seed_is_another_community() -> None:
    assert members(7) != members(8)
    assert list(grown(7).fact_lines()) != list(grown(8).fact_lines())


def test_writing_says_how_many_there_are(tmp_path: Path) -> None:
    assert write_members(tmp_path / "m.csv", seed=1, size=SIZE, at=AT) == SIZE
    count = write_facts(tmp_path / "f.csv.gz", seed=1, size=SIZE, at=AT)
    with gzip.open(tmp_path / "f.csv.gz", "rt", encoding="utf-8") as file:
        assert sum(1 for _ in file) == count + 1


def test_every_line_has_every_column_and_every_fact_an_id_of_its_own() -> None:
    lines = list(grown().fact_lines())
    assert {line.count(",") for line in lines} == {len(FACT_COLUMNS) - 1}
    assert len({line.partition(",")[0] for line in lines}) == len(lines)
    assert {line.count(",") for line in grown().member_lines()} == {len(MEMBER_COLUMNS) - 1}


def test_every_fact_goes_through_the_gate_of_an_import(tmp_path: Path) -> None:
    count = write_facts(tmp_path / "facts.csv", seed=7, size=SIZE, at=AT)
    gate = FactGate(fact_kinds(auto()), auto().zone)
    taken = [gate.take(batch) for batch in read_rows(tmp_path / "facts.csv")]
    assert [reject for one in taken for reject in one.rejects] == []
    assert {name for one in taken for name in one.ignored} == set()
    assert sum(frame.height for one in taken for frame in one.kinds.values()) == count


def test_every_member_goes_through_the_gate_of_an_import(tmp_path: Path) -> None:
    write_members(tmp_path / "members.csv", seed=7, size=SIZE, at=AT)
    gate = MemberGate(told(auto()), auto())
    taken = [gate.take(batch) for batch in read_rows(tmp_path / "members.csv")]
    assert [reject for one in taken for reject in one.rejects] == []
    assert {name for one in taken for name in one.ignored} == set()
    assert sum(len(one.members) for one in taken) == SIZE
    assert {first.at for one in taken for first in one.firsts} >= {"base", "active", "core", "ambassador", "mature"}


def test_places_that_facts_name_exist() -> None:
    assert {row["space"] for row in facts() if "space" in row} <= set(auto().spaces)


def test_nothing_happens_after_the_end_or_before_somebody_joined() -> None:
    joined = {row["id"]: datetime.fromisoformat(row["joined"]) for row in members()}
    for row in facts():
        at = datetime.fromisoformat(row["at"])
        assert at <= AT
        assert at > AT - timedelta(days=366)
        if "member" in row:
            assert at >= joined[row["member"]]


def test_a_day_that_has_hardly_begun_has_no_facts_yet() -> None:
    dawn = Population(7, SIZE, datetime(2027, 2, 28, 18, 0, tzinfo=UTC))  # two in the morning
    latest = max(row["at"] for row in csv.DictReader(dawn.fact_lines()))
    assert latest < "2027-02-28T16:00"


def test_few_stand_high_and_never_more_than_there_are_seats() -> None:
    ladder = {tier.id: tier for tier in auto().ladders["tier"].tiers}
    for size in (20, 2_000, 20_000):
        who = Population(1, size, AT)
        standing = Counter(who.person(place).who.tier for place in range(min(size, 60)))
        assert 0 < standing["ambassador"] < (ladder["ambassador"].seats or 0)
        assert 0 < standing["core"] < (ladder["core"].seats or 0)


def test_the_ids_of_those_who_stand_high_are_spread() -> None:
    high = sorted(int(row["id"][1:]) for row in members() if row["tier"] in ("core", "ambassador"))
    assert high[-1] - high[0] > SIZE // 2
    assert sorted(row["id"] for row in members()) == [f"m{n:03d}" for n in range(1, SIZE + 1)]


def test_weekends_are_busier_and_some_carry_most() -> None:
    visits = Counter(row["member"] for row in facts() if row["kind"] == "visited")
    ordered = sorted(visits.values(), reverse=True)
    assert sum(ordered[: SIZE // 5]) > sum(ordered) // 2
    days = Counter(date.fromisoformat(row["at"][:10]).weekday() >= 5 for row in facts() if row["kind"] == "visited")
    assert days[True] / 2 > days[False] / 5


def test_people_rise_and_fade_towards_the_end() -> None:
    """What the conditions of the ladder ask is met and missed by real numbers of members at successive reviews."""
    who = Population(1, 1_000, AT)
    came: dict[str, set[date]] = {}
    good: dict[str, set[date]] = {}
    for row in csv.DictReader(who.fact_lines()):
        day = (datetime.fromisoformat(row["at"]) + timedelta(hours=8)).date()
        if row["kind"] in ("visited", "posted", "replied"):
            came.setdefault(row["member"], set()).add(day)
        elif row["kind"] == "rated" and float(row["score"]) >= 0.6:
            good.setdefault(row["member"], set()).add(day)
    standing = {who.member_id(place): who.person(place).who.tier for place in range(who.size)}

    def days(of: dict[str, set[date]], member: str, back: int, over: int) -> int:
        last = who.today - timedelta(days=back)
        return sum(last - timedelta(days=over) < day <= last for day in of.get(member, ()))

    def earns(member: str, back: int) -> bool:
        return days(came, member, back, 30) >= 6 and days(good, member, back, 90) >= 2

    base = [m for m, tier in standing.items() if tier == "base"]
    active = [m for m, tier in standing.items() if tier == "active"]
    before = {m for m in base if earns(m, 45)}
    since = {m for m in base if earns(m, 0)} - before
    assert len(before) >= 8
    assert len(since) >= 15
    below = [{m for m in active if days(came, m, back, 30) < 3} for back in (45, 30, 15, 0)]
    assert all(len(some) >= 8 for some in below)
    assert len(below[0] & below[1]) >= 5
    assert len(below[2] - below[1]) >= 3


def test_a_community_too_small_or_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        Population(1, 19, AT)
    with pytest.raises(ValueError, match="no zone"):
        Population(1, 20, AT.replace(tzinfo=None))


# ---------------------------------------------------------------------------------------- simulated participants
def test_an_entry_has_the_fields_of_its_form() -> None:
    for form in ("photo_entry", "line_entry", "snapshot"):
        entry = entry_for("m001", 7, form=form)
        declared = {field.id: field for field in auto().facts[form].fields}
        assert set(entry) == set(declared)
        assert entry == entry_for("m001", 7, form=form)
        assert entry != entry_for("m002", 7, form=form) or form == "line_entry"
    with pytest.raises(ValueError, match="no words for the form 'tip'"):
        entry_for("m001", 7, form="tip")


def test_scores_stay_within_the_scale_and_tell_works_apart() -> None:
    given = [scores_for("role:director", f"w-{n}", 7) for n in range(200)]
    assert {name for scores in given for name in scores} == {"creativity", "technique"}
    assert {value for scores in given for value in scores.values()} <= set(range(1, 11))
    assert len({tuple(scores.values()) for scores in given}) > 20
    assert set(scores_for("j", "w", 7, rubric={"wit": (1, 5)})) == {"wit"}


def test_judges_agree_on_the_whole_about_what_is_good() -> None:
    works = [f"w-{n}" for n in range(60)]
    one, other = ([sum(scores_for(judge, work, 7).values()) for work in works] for judge in ("anna", "bo"))
    best = sorted(range(60), key=lambda n: -one[n])[:15]
    assert sum(other[n] for n in best) / 15 > sum(other) / 60


def test_an_answer_is_one_of_the_choices_mostly_the_willing_one() -> None:
    answers = Counter(answer_for(f"m{n}", "invitation", ["accept", "decline"], 7) for n in range(400))
    assert 280 < answers["accept"] < 360
    assert answers["accept"] + answers["decline"] == 400
    assert answer_for("m1", "q", ["done"], 7) == "done"
    with pytest.raises(ValueError, match="nothing to choose"):
        answer_for("m1", "q", [], 7)
