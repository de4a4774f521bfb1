"""`trellis backtest` and `trellis tune` on the command line: tables, pictures, edits, and every way to be refused."""

import gzip
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cli.console import INVALID, complain
from cli.main import build
from cli.svg import Svg
from operations.errors import Refusal
from rules.errors import RuleRefusal
from tests.rules.history.made_up import BEGINS, CALENDAR, COMMUNITY, METRICS
from tests.rules.history.test_search import LADDER, planted


class Shell:
    """Runs `trellis` in a folder with a community, its members, what they did, and whom people promoted."""

    def __init__(self, folder: Path, heard: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._heard = heard

    def __call__(self, *arguments: str, code: int = 0) -> str:
        found = 0
        try:
            build()(args=list(arguments), prog_name="trellis", standalone_mode=False)
        except (Refusal, RuleRefusal) as refusal:
            found = INVALID
            complain(refusal.message, refusal.hint)
        out, err = self._heard.readouterr()
        assert found == code, out + err
        return out if code == 0 else err

    def data(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


FILES = ("--members", "members.csv", "--facts", "facts.csv.gz")
GIVEN = ("small", "--truth", "truth.csv", *FILES)


@pytest.fixture
def shell(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(folder)
    return Shell(folder, capfd)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("past")
    specs = {"community": COMMUNITY.replace("ZONE", "UTC"), "calendars/office": CALENDAR, "metrics": METRICS}
    for name, text in {**specs, "tiers": LADDER}.items():
        path = folder / "small" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    joined, deeds, people = planted()
    members = [f"{id_},{(BEGINS + timedelta(hours=hour)).isoformat()}" for id_, hour in joined.items()]
    (folder / "members.csv").write_text("\n".join(["id,joined", *members]))
    facts = [f"f{n},{d.member},posted,{d.at.isoformat()},0.1,a" for n, d in enumerate(deeds)]
    (folder / "facts.csv.gz").write_bytes(gzip.compress("\n".join(["id,member,kind,at,score,topic", *facts]).encode()))
    rows = [f"{one.member},regular,{one.from_.isoformat()},,0" for one in people]
    (folder / "truth.csv").write_text(
        "\n".join(["member_id,tier,from,to,bulk_import", *rows]).replace("regular", "middle")
    )
    return folder


def test_a_backtest_counts_who_was_promoted_by_whom_and_explains_those_it_missed(shell: Shell) -> None:
    found = shell.data("backtest", *GIVEN, "--picture", "seen.svg")

    [tier] = found["tiers"]
    assert (tier["tier"], tier["people"], tier["found"]) == ("middle", 24, 6)
    assert (tier["precision"], tier["recall"]) == ("1.000", "0.250")
    assert tier["lead_days"] == {"lower": -6, "median": -6, "upper": -6}
    assert tier["kept_out"][0] == {"condition": "posts over 30d at_least 12", "members": 24, "alone": 24}
    [first, *_] = found["disagreements"]
    assert (first["kind"], first["towards"]) == ("only people", "middle")
    assert [(reason["metric"], reason["value"], reason["threshold"]) for reason in first["reasons"]] == [
        ("posts", 7, 12)
    ]
    assert whole(shell.folder / "seen.svg")


def test_the_table_says_the_same_to_people(shell: Shell) -> None:
    said = shell("backtest", *GIVEN)

    assert "40 members" in said
    assert "middle" in said
    assert "posts over 30d at_least 12" in said
    assert shell("backtest", *GIVEN) == said  # the same to the last character


def test_one_member_may_be_asked_about(shell: Shell) -> None:
    found = shell.data("backtest", *GIVEN, "--member", "m01")

    assert [(one["member"], one["kind"]) for one in found["disagreements"]] == [("m01", "only people")]


def test_tuning_finds_the_threshold_and_changes_its_line_alone(shell: Shell) -> None:
    copied = shell.folder / "copy"
    shutil.copytree(shell.folder / "small", copied)
    before = (copied / "tiers.yaml").read_text().splitlines()

    found = shell.data(
        "tune", "copy", *GIVEN[1:], "--trials", "60", "--train-until", "2024-07-29", "--picture", "trade.svg", "--write"
    )

    after = (copied / "tiers.yaml").read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        (
            "        - posts: { at_least: 12, over: 30d }         # to be found: 6",
            "        - posts: { at_least: 6, over: 30d }         # to be found: 6",
        )
    ]
    [tier] = found["tiers"]
    assert tier["holds"] is True
    assert tier["chosen"]["held_out"]["recall"] == tier["chosen"]["train"]["recall"] == "1.000"
    assert float(tier["start"]["held_out"]["recall"]) < 1
    assert [edit["path"] for edit in found["edits"]] == ["tiers[middle].earn.all.posts.at_least"]
    assert found["written"] is True
    assert whole(shell.folder / "trade.svg")
    again = shell.data("backtest", "copy", *GIVEN[1:])
    assert again["tiers"][0]["recall"] == "1.000"


def test_what_the_span_held_out_does_not_bear_out_is_shown_and_not_written(shell: Shell) -> None:
    copied = shell.folder / "other"
    shutil.copytree(shell.folder / "small", copied)
    before = (copied / "tiers.yaml").read_bytes()
    rows = (shell.folder / "truth.csv").read_text().splitlines()
    promoted = sorted(rows[1:], key=lambda row: row.split(",")[2])
    half = len(promoted) // 2  # from then on people promote only who comes to twelve
    few = [row for row in promoted[half:] if int(row[1:3]) * 7 % 13 >= 11]
    (shell.folder / "stricter.csv").write_text("\n".join([rows[0], *promoted[:half], *few]))
    border = promoted[half].split(",")[2]

    found = shell.data(
        "tune", "other", "--truth", "stricter.csv", *FILES, "--trials", "60", "--train-until", border, "--write"
    )

    [tier] = found["tiers"]
    assert tier["changes"] != []
    assert tier["holds"] is False
    assert "does not bear it out" in tier["verdict"]
    assert (found["edits"], found["written"]) == ([], False)
    assert (copied / "tiers.yaml").read_bytes() == before


def whole(picture: Path) -> bool:
    """Whether everything that is drawn lies inside the picture."""
    root = ElementTree.parse(picture).getroot()
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    spots = [
        (float(part.attrib[x]), float(part.attrib[y]))
        for part in root.iter()
        for x, y in (("x", "y"), ("cx", "cy"), ("x1", "y1"), ("x2", "y2"))
        if x in part.attrib
    ]
    points = [tuple(map(float, p.split(","))) for part in root.iter() for p in part.attrib.get("points", "").split()]
    return len(spots) > 20 and all(0 <= x <= width and 0 <= y <= height for x, y in (*spots, *points))


def refused(shell: Shell, *arguments: str) -> str:
    said = shell(*arguments, code=2)
    first, *rest = said.strip().splitlines()
    assert first.startswith("trellis: ")
    assert len(rest) <= 1
    return said


def test_wrong_input_is_one_sentence_and_exit_2(shell: Shell) -> None:
    def truth(name: str, text: str) -> tuple[str, ...]:
        (shell.folder / name).write_text(text)
        return ("backtest", "small", "--truth", name, *FILES)

    head = "member,tier,from\n"
    gold = truth("gold.csv", head + "m01,gold,2024-03-01\n")
    assert "names no tier of the ladder: it has 'gold'" in refused(shell, *gold)
    assert shell(*gold, "--as", "gold=middle")
    assert "has no tier 'top'" in refused(shell, *gold, "--as", "gold=top")
    typo = truth("typo.csv", head + "m01,midle,2024-03-01\nm02,middle,2024-03-01\n")
    assert "did you mean 'middle'?" in refused(shell, *typo)
    assert "Nobody whom" in refused(shell, *truth("strangers.csv", head + "x,middle,2024-03-01\n"))
    assert "when.csv:2: 'soon' is no time" in refused(shell, *truth("when.csv", head + "m01,middle,soon\n"))
    assert "has no column 'from'" in refused(shell, *truth("columns.csv", "member,tier\nm01,middle\n"))
    assert "cannot be read" in refused(shell, "backtest", "small", "--truth", "nothing.csv", *FILES)
    assert "belong together" in refused(shell, "backtest", *GIVEN[:3], "--members", "members.csv")
    assert "Nothing had happened by 2020-01-01" in refused(shell, "backtest", *GIVEN, "--until", "2020-01-01")
    assert "Nothing happens from 2030-01-01 on" in refused(shell, "backtest", *GIVEN, "--from", "2030-01-01")
    assert "There is no member 'zoe'" in refused(shell, "backtest", *GIVEN, "--member", "zoe")
    assert "is no rhythm" in refused(shell, "backtest", *GIVEN, "--every", "blue moon")
    assert "no ladder 'rank'" in refused(shell, "backtest", *GIVEN, "--ladder", "rank")
    assert "is no condition" in refused(shell, "backtest", *GIVEN, "--where", "many")
    assert "leaves the training span without a promotion" in refused(
        shell, "tune", *GIVEN, "--train-until", "2024-02-20T04:00"
    )
    assert "no tier 'low' to rise to" in refused(shell, "tune", *GIVEN, "--tier", "low")
    assert "cannot be written" in refused(shell, "backtest", *GIVEN, "--picture", "nowhere/seen.svg")
    assert "there is no folder nobody" in refused(shell, "backtest", "nobody", *GIVEN[1:])
    shutil.copytree(shell.folder / "small", shell.folder / "broken")
    (shell.folder / "broken" / "tiers.yaml").write_text(LADDER.replace("posts:", "post:"))
    assert "have mistakes: broken/tiers.yaml:" in refused(shell, "backtest", "broken", *GIVEN[1:])
    (shell.folder / "empty.csv").write_text("id,joined\n")
    nobody = ("--members", "empty.csv", "--facts", "facts.csv.gz")
    assert "holds no members" in refused(shell, "backtest", *GIVEN[:3], *nobody)
    (shell.folder / "none.csv").write_text("member,kind,at\n")
    nothing = ("--members", "members.csv", "--facts", "none.csv")
    assert "holds no facts" in refused(shell, "backtest", *GIVEN[:3], *nothing)


def test_what_colours_mean_stands_side_by_side_and_never_one_word_over_another() -> None:
    svg = Svg(800, 80, "words")
    svg.legend(
        24, 61, [("#000000", "the same thresholds on the span held out"), ("#111111", "现在的门槛"), ("#222222", "x")]
    )
    starts = [float(x) for x in re.findall(r'<text x="([\d.]+)"', str(svg))]
    squares = [float(x) for x in re.findall(r'<rect x="([\d.]+)"', str(svg))]
    assert squares[1] > starts[0] + 40 * 12 * 0.55
    assert squares[2] >= starts[1] + 5 * 12
