"""The guide is true: every page was walked, in both languages by the same commands, and every link leads somewhere."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.guide.walk import GUIDE, ROOT, Astray, Page, Walk, _matches, as_on, pages

QUICK = ("01",)
LONG = (pytest.mark.slow, pytest.mark.guide)
NAMES = [path.name for path in pages("en")]
MACHINE = re.compile(r"(?<![\w.])/(tmp|home|work|root|var|usr)/")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<to>[^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LISTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "specs").rglob("*.md")]
WRITTEN = sorted({*LISTS, *(ROOT / "workflows").rglob("*.md"), *(ROOT / "rules").rglob("*.md")})


@pytest.mark.servers
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name[:2] in QUICK else LONG) for name in NAMES])
def test_a_page_shows_what_really_happens(name: str) -> None:
    page = Page.read(GUIDE / "en" / name)
    walk = Walk(page)
    try:
        walk.go()
    except Astray:
        again = Walk(page)
        if again.today == walk.today:
            raise
        again.go()  # it went on over midnight: what was yesterday is today


def test_every_page_is_there_in_both_languages() -> None:
    english, chinese = ({path.name for path in (GUIDE / language).glob("*.md")} for language in ("en", "zh"))

    assert english == chinese
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_show_the_same_walk(name: str) -> None:
    english, chinese = (Page.read(GUIDE / language / name) for language in ("en", "zh"))

    assert [(block.kind, block.info, block.body) for block in english.blocks] == [
        (block.kind, block.info, block.body) for block in chinese.blocks
    ]
    assert english.day == chinese.day


@pytest.mark.parametrize("path", sorted(GUIDE.rglob("*.md")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_page_names_no_machine(path: Path) -> None:
    assert MACHINE.findall(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_leads_somewhere(path: Path) -> None:
    text = FENCED.sub("", path.read_text("utf-8"))
    targets = [found["to"].partition("#")[0] for found in LINK.finditer(text) if "://" not in found["to"]]

    assert [to for to in targets if to and not (path.parent / to).exists()] == []


def test_a_walk_forgives_times_and_follows_hashes() -> None:
    hashes: dict[str, str] = {}

    assert (
        _matches(["in n s", "…", "digest 12ab34cd56ef …"], ["in n s", "a", "b", "digest 99ff88ee77dd x"], hashes)
        is None
    )
    assert hashes == {"12ab34cd56ef": "99ff88ee77dd"}
    assert _matches(["three members"], ["four members"], {}) == "three members"
    assert _matches(["three members"], ["three members", "more"], {}) == "nothing more, but there is more"


def test_a_walk_moves_along_with_the_days_into_another_year() -> None:
    shown = (
        "programme  2027  role:planner  2,027.00\n0 in 2027-Q1, 0 in 2027, 2 each\nsince 5 January 2027.\n"
        "自2027年1月5日起（2027年2月28日之前）\nfrom 2027-01-05 12:00, auto/x/2027 and 2025-Q3"
        "\nc6,dong,2027-01-04T18:00:00+08:00"
    )

    assert as_on(date(2026, 11, 22), shown, today=date(2027, 1, 5)) == (
        "programme  2026  role:planner  2,027.00\n0 in 2026-Q4, 0 in 2026, 2 each\nsince 22 November 2026.\n"
        "自2026年11月22日起（2027年1月15日之前）\nfrom 2026-11-22 12:00, auto/x/2027 and 2025-Q3"
        "\nc6,dong,2026-11-21T18:00:00+08:00"
    )
    assert as_on(date(2026, 11, 22), shown, today=date(2026, 11, 22)) == shown
