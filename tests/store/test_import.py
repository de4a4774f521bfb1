"""Imports take in what fits, each once, and name every row that does not."""

import csv
import gzip
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from operations.errors import Refusal
from operations.import_facts import Imported, import_facts
from operations.import_members import MemberGate, import_members
from operations.lines import LONGEST_LINE
from operations.ports.facts import Recorded
from operations.ports.members import Member
from operations.rows import read_rows
from rules.reading import Reading
from rules.spec import Community
from store.facts import SqlFacts
from store.measures import SqlMeasures
from store.members import SqlMembers, told
from store.specs import SqlSpecs
from store.standings import SqlStandings
from tests.store.small_spec import COMMUNITY, small_community, small_files
from workflows.phases import discover

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HEADER = "member,kind,at,work,size,score,good,to,happens,cost,tags"
LINE = "ann,made,2026-10-01T08:00:00Z,w1,3,0.50,true,bob,2026-10-02,12.50,x;y"


class Place:
    """A community with a name of its own, in the database of this module."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.specs = SqlSpecs(engine, discover())
        files = small_files(community=COMMUNITY.replace("id: small", f"id: {name}"))
        self.community: Community = small_community(files)
        self.specs.publish(files, self.community, message="test", author="test", at=NOW)
        self.facts = SqlFacts(engine, self.specs, self.community)
        self.members = SqlMembers(engine, self.specs, self.community)

    def take(self, path: Path) -> Imported:
        return import_facts(path, self.community, self.facts)

    def enlist(self, path: Path) -> Imported:
        return import_members(path, self.community, self.members, SqlStandings(self.engine), at=NOW)

    def read(self, metric: str, subject: str = "ann") -> object:
        reading = Reading(metric)
        frame = SqlMeasures(self.engine, self.community).frame(
            "member", [reading], at=NOW, zone=self.community.zone, subjects=[subject]
        )
        return frame[reading.key].item()


@pytest.fixture
def place(engine: Engine, request: pytest.FixtureRequest) -> Place:
    return Place(engine, f"c-{abs(hash(request.node.nodeid)) % 10**9}")


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def counts(done: Imported) -> tuple[int, int, int, int]:
    return done.new, done.known, done.changed, done.rejected


def test_the_same_file_changes_nothing_the_second_time(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "facts.csv", HEADER, LINE, LINE.replace("w1", "w2"), LINE)
    assert counts(place.take(path)) == (2, 1, 0, 0)
    assert counts(place.take(path)) == (0, 3, 0, 0)
    assert place.read("size_sum") == 6
    assert place.read("cost_sum") == 2500
    assert place.read("score_mean") == 50


def test_the_same_rows_are_the_same_facts_in_every_format(place: Place, tmp_path: Path) -> None:
    plain = written(tmp_path / "facts.csv", HEADER, LINE)
    (tmp_path / "facts.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "windows.csv").write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    cells = dict(zip(HEADER.split(","), LINE.split(","), strict=True))
    cells["member_id"] = cells.pop("member")
    written(tmp_path / "facts.ndjson", json.dumps(cells))
    written(tmp_path / "tabs.tsv", HEADER.replace(",", "\t"), LINE.replace(",", "\t"))
    assert counts(place.take(plain)) == (1, 0, 0, 0)
    for name in ("facts.csv.gz", "windows.csv", "facts.ndjson", "tabs.tsv"):
        assert counts(place.take(tmp_path / name)) == (0, 1, 0, 0), name


def test_json_keeps_its_types(place: Place, tmp_path: Path) -> None:
    row = {"member": "ann", "kind": "made", "at": "2026-10-01T10:00:00+02:00", "size": 4, "good": True, "score": 0.25}
    path = written(tmp_path / "facts.ndjson", json.dumps({**row, "tags": ["x", "y"], "cost": "3.00 EUR"}))
    assert counts(place.take(path)) == (1, 0, 0, 0)
    [fact] = place.facts.find(member="ann")
    assert fact.at == datetime(2026, 10, 1, 8, tzinfo=UTC)
    wanted = {"size": 4, "good": True, "score": 25, "tags": frozenset({"x", "y"}), "cost": 300}
    assert dict(fact.fields) == wanted


def test_every_row_that_does_not_fit_is_named(place: Place, tmp_path: Path) -> None:
    wrong = {
        "no,such": "expected 11 cells, found 2",
        LINE.replace("made", "maid"): "there is no kind of fact 'maid'",
        LINE.replace("made", ""): "it does not say what happened",
        LINE.replace("2026-10-01T08:00:00Z", ""): "it does not say when it happened",
        LINE.replace("2026-10-01T08:00:00Z", "yesterday"): "it is no time",
        LINE.replace("2026-10-01T08:00:00Z", "0026-10-01"): "it lies too far from now",
        LINE.replace("ann", ""): "it does not say whom it is about",
        LINE.replace(",3,", ",many,"): "expected a whole number",
        LINE.replace(",3,", ",99999999999999999999,"): "is too large",
        LINE.replace("0.50", "1.51"): "out of bounds",
        LINE.replace("0.50", "-0.51"): "out of bounds",
        LINE.replace(",3,", ",1001,"): "out of bounds",
        LINE.replace("0.50", "0.505"): "more than 2 decimal places",
        LINE.replace("true", "perhaps"): "expected true or false",
        LINE.replace("2026-10-02", "2026-02-30"): "expected a date",
        LINE.replace("12.50", "12.50 USD"): "expected money",
        LINE + "\x00": "control character",
        LINE.replace("w1", '"w1'): "a quote is not closed",
        LINE.replace("w1", "w" * 1001): "the text is too long",
        LINE.replace("w1", "w" * LONGEST_LINE): "longer than",
    }
    path = written(tmp_path / "facts.csv", HEADER, LINE, *wrong, LINE.replace("w1", "w2"))
    done = place.take(path)
    assert counts(done) == (2, 0, 0, len(wrong))
    assert done.rejects == tmp_path / "facts.csv.rejected.csv"
    with done.rejects.open(newline="", encoding="utf-8") as file:
        rows = {int(row["line"]): row for row in csv.DictReader(file)}
    assert sorted(rows) == list(range(3, 3 + len(wrong)))
    for line, reason in enumerate(wrong.values(), 3):
        assert reason in rows[line]["reason"], rows[line]
        assert rows[line]["fix"]
    assert rows[4]["fix"] == "did you mean made?"


def test_a_reject_file_of_an_earlier_import_does_not_stay(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "facts.csv", HEADER, "x")
    assert place.take(path).rejects is not None
    written(path, HEADER, LINE)
    assert place.take(path).rejects is None
    assert not (tmp_path / "facts.csv.rejected.csv").exists()


def test_bytes_that_are_no_text_spoil_their_row_only(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "facts.csv"
    path.write_bytes(f"{HEADER}\n{LINE}\n".encode() + b"\xff\xfe,made\n" + LINE.replace("w1", "w3").encode())
    done = place.take(path)
    assert counts(done) == (2, 0, 0, 1)
    assert "not UTF-8" in done.first[0].reason
    assert done.first[0].line == 3


def test_a_cell_may_hold_separators_quotes_and_line_ends(place: Place, tmp_path: Path) -> None:
    path = written(
        tmp_path / "facts.csv",
        HEADER,
        LINE.replace("w1", '"a ""work"", with\ntwo lines"'),
        LINE.replace("w1", 'an "inner" quote'),
    )
    assert counts(place.take(path)) == (2, 0, 0, 0)
    works = {fact.fields["work"] for fact in place.facts.find(member="ann")}
    assert works == {'a "work", with\ntwo lines', 'an "inner" quote'}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        ("member,kind\n".encode("utf-16"), "UTF-16"),
        (b"member,kind,member\n", "two columns 'member'"),
        (b"member,kind,at,member_id\na,b,c,d\n", "mean the same"),
        (b"\x00\x01\x02\x03", "neither CSV nor NDJSON"),
        (gzip.compress(b"member,kind,at\n")[:-4], "cannot be unpacked"),
        (b"\x1f\x8b\x08garbage", "cannot be unpacked"),
        (gzip.compress(b"member,kind,at\n" + b"\x00" * 80_000_000), "unpacks to more than"),
        (",".join(f"c{n}" for n in range(500)).encode(), "500 columns"),
    ],
    ids=["empty", "blank", "utf-16", "twice", "alias", "binary", "cut off", "broken", "bomb", "wide"],
)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(
    place: Place, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "facts.csv"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=reason):
        place.take(path)


def test_a_missing_file_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        place.take(tmp_path / "nowhere.csv")


def test_a_corrected_fact_changes_the_metrics_and_an_older_version_does_not(place: Place, tmp_path: Path) -> None:
    header = "id,member,kind,at,recorded_at,size,work"
    first = "f1,ann,made,2026-10-01T08:00:00Z,2026-10-01T09:00:00Z,3,w1"
    later = "f1,bob,made,2026-10-02T08:00:00Z,2026-10-03T09:00:00Z,5,w1"
    assert counts(place.take(written(tmp_path / "a.csv", header, first))) == (1, 0, 0, 0)
    assert counts(place.take(written(tmp_path / "b.csv", header, later))) == (0, 0, 1, 0)
    assert (place.read("size_sum", "ann"), place.read("size_sum", "bob")) == (0, 5)
    assert counts(place.take(written(tmp_path / "a.csv", header, first))) == (0, 1, 0, 0)
    assert place.read("size_sum", "bob") == 5
    assert place.facts.withdraw(["f1"], reason="test", at=NOW) == 1
    assert place.read("size_sum", "bob") == 0
    assert counts(place.take(written(tmp_path / "b.csv", header, later))) == (0, 1, 0, 0)
    assert place.facts.count() == 0


def test_columns_that_nothing_reads_are_named_once(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "facts.csv", HEADER + ",mood,note", LINE + ",fine,", LINE.replace("w1", "w2") + ",bad,")
    assert place.take(path).ignored == ("mood",)


def test_a_field_that_the_spec_learns_later_is_filled_in_by_the_same_file(place: Place, tmp_path: Path) -> None:
    path = written(tmp_path / "facts.csv", HEADER + ",mood", LINE + ",fine")
    assert counts(place.take(path)) == (1, 0, 0, 0)
    files = small_files(community=COMMUNITY.replace("id: small", f"id: {place.community.id}"))
    size = b"      - { id: size, type: integer, optional: true, max: 1000 }\n"
    mood = b"      - { id: mood, type: text, optional: true }\n"
    files["metrics.yaml"] = files["metrics.yaml"].replace(size, size + mood, 1)
    grown = small_community(files)
    place.specs.publish(files, grown, message="moods", author="test", at=NOW)
    done = import_facts(path, grown, SqlFacts(place.engine, place.specs, grown))
    assert counts(done) == (0, 0, 1, 0)
    assert place.read("made_count") == 1


def test_facts_of_people_not_yet_imported_are_kept_and_counted(place: Place, tmp_path: Path) -> None:
    assert place.take(written(tmp_path / "facts.csv", HEADER, LINE)).strangers == 2  # ann, and bob to whom it was
    place.enlist(written(tmp_path / "members.csv", "id,joined", "ann,2026-01-01"))
    assert place.facts.strangers() == 1
    assert place.read("made_count") == 1


def test_members_are_taken_in_once_and_changes_are_seen(place: Place, tmp_path: Path) -> None:
    header = "member_id,first_seen,company,level,likes,born,is_bot,extra"
    path = written(
        tmp_path / "members.csv",
        header,
        "ann,2026-01-01,acme,3,red;blue,1990-02-03,0,?",
        "bob,2026-02-01T00:00:00Z,,,,,1,",
        "cid,2026-02-01,acme,three,,,,",
        ",2026-02-01,,,,,,",
    )
    done = place.enlist(path)
    assert counts(done) == (2, 0, 0, 2)
    assert done.ignored == ("extra",)
    assert [reject.column for reject in done.first] == ["level", "id"]
    assert counts(place.enlist(path)) == (0, 2, 0, 2)
    changed = written(tmp_path / "members.csv", header, "ann,2026-01-01,other,3,red;blue,1990-02-03,0,?")
    assert counts(place.enlist(changed)) == (0, 0, 1, 0)
    frame = place.members.frame(NOW)
    ann = frame.row(by_predicate=pl.col("subject") == "ann", named=True)
    assert (ann["company"], ann["level"], ann["likes"], ann["bot"]) == ("other", 3, ["blue", "red"], False)
    assert ann["days_member"] == 304
    assert place.members.evidence(NOW, ["bob"])["bob"]["bot"] is True


def test_an_import_that_was_broken_off_goes_on_where_it_was(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "facts.csv", HEADER, *(LINE.replace("w1", f"w{n}") for n in range(10)))
    real = place.facts.record_columns
    batches = iter([True, False])

    def breaking(kinds: dict[str, pl.DataFrame]) -> Recorded:
        if not next(batches):
            raise ConnectionError("gone")
        return real(kinds)

    monkeypatch.setattr("operations.import_facts.read_rows", partial(read_rows, size=4))
    monkeypatch.setattr(place.facts, "record_columns", breaking)
    with pytest.raises(ConnectionError):
        place.take(path)
    monkeypatch.setattr(place.facts, "record_columns", real)
    assert counts(place.take(path)) == (6, 4, 0, 0)
    assert place.facts.count() == 10


def test_what_is_known_of_a_member_keeps_within_its_bounds(tmp_path: Path) -> None:
    bounds = {"{ id: level, type: integer }": "{ id: level, type: integer, min: 1, max: 5 }",
              "type: decimal, places: 2 }": 'type: decimal, places: 2, max: "4.50" }'}  # fmt: skip
    text = COMMUNITY
    for plain, bounded in bounds.items():
        assert plain in text
        text = text.replace(plain, bounded)
    community = small_community(small_files(community=text))
    path = tmp_path / "members.csv"
    path.write_text("id,level,rating\nann,1,4.50\nbob,0,1.00\ncid,5,\ndan,6,1.00\neva,2,4.51\n")
    (batch,) = read_rows(path)

    gated = MemberGate(told(community), community).take(batch)

    assert [one.id for one in gated.members] == ["ann", "cid"]
    assert [(one.line, one.column, one.reason, one.fix) for one in gated.rejects] == [
        (3, "level", "it is out of bounds", "at least 1"),
        (5, "level", "it is out of bounds", "at most 5"),
        (6, "rating", "it is out of bounds", "at most 4.50"),
    ]


def test_where_somebody_comes_from_is_only_ever_widened(place: Place) -> None:
    for told_of in ("public_domain", "public_domain", "private_domain", "public_domain"):
        place.members.enlist([Member("zoe", NOW, {"origin": told_of})], at=NOW)
        place.members.enlist([Member("yan", NOW, {"origin": "private_domain"})], at=NOW)

    assert [one.attributes["origin"] for one in place.members.find(["yan", "zoe"])] == ["private_domain", "both"]
