"""Every capability has its line in docs/capabilities.md, and every test named there exists."""

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "capabilities.md"
COUNTS = {"MM": 28, "TM": 25, "OG": 21, "LC": 32, "FN": 20, "RT": 9, "IM": 12}
"""How many capabilities each part of the programme has."""

NOT_YET = "not yet"
ROW = re.compile(r"^\| (?P<id>[A-Z]{2}\d\d) \| (?P<what>.+?) \| (?P<where>.*?) \| (?P<test>.+?) \|$", re.MULTILINE)
NAMED = re.compile(r"`(?P<file>[\w/.-]+\.py)::(?P<name>\w+)`")


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer(PAGE.read_text("utf-8")))


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_capability_has_exactly_one_line_in_order() -> None:
    expected = [f"{part}{number:02d}" for part, count in COUNTS.items() for number in range(1, count + 1)]
    assert [row["id"] for row in rows()] == expected


def test_each_capability_says_where_it_lives() -> None:
    assert [row["id"] for row in rows() if not row["where"].strip()] == []


def test_each_line_names_tests_that_exist_or_says_not_yet() -> None:
    wrong = []
    for row in rows():
        if row["test"] == NOT_YET:
            continue
        named = list(NAMED.finditer(row["test"]))
        missing = [one[0] for one in named if not (TESTS / one["file"]).is_file()]
        missing += [one[0] for one in named if not missing and one["name"] not in functions_of(one["file"])]
        if missing or not named:
            wrong.append((row["id"], missing or row["test"]))
    assert wrong == []
