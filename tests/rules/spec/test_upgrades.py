"""Upgrades: a file of an older version becomes one of the present, comments and layout kept."""

import json
from pathlib import Path

import pytest

from cli.main import main
from rules.spec import load
from rules.spec.formatting import formatted
from rules.spec.layout import NotEditable
from rules.spec.upgrades import CURRENT, upgraded, upgrades
from store.folder import read_folder
from workflows.phases import discover

SPECS = Path(__file__).parents[3] / "specs"
SMALLEST = Path(__file__).parents[2] / "specs" / "smallest"


def as_v0(files):
    """A community as the draft of the language would have had it."""
    old = {name: content.replace(b"/v1\n", b"/v0\n", 1) for name, content in files.items()}
    old["tiers.yaml"] = old["tiers.yaml"].replace(b" earn:", b" requires:").replace(b" keep:", b" retains:")
    return {
        name: content.replace(b"kind: form_teams", b"kind: match").replace(b"kind: ask", b"kind: vote")
        if name.startswith("modes/")
        else content
        for name, content in old.items()
    }


@pytest.mark.parametrize("folder", [SPECS / "auto", SPECS / "maintainers", SMALLEST], ids=lambda p: p.name)
def test_a_community_of_the_draft_becomes_the_one_of_today_to_the_byte(folder):
    files = read_folder(folder)

    found = {name: upgraded(name, content).content for name, content in as_v0(files).items()}

    assert found == files


def test_a_present_file_stays_as_it_is():
    content = (SPECS / "auto" / "tiers.yaml").read_bytes()

    done = upgraded("tiers.yaml", content)

    assert (done.content, done.version, done.changes) == (content, CURRENT, ())


def test_what_became_something_else_is_left_to_people_with_its_line():
    content = b"""\
schema: mode/v0   # a draft
id: hello
phases:
  - id: tell
    kind: announce  # everybody
  - id: vote
    kind: vote
  - id: look
    kind: report
"""
    done = upgraded("modes/hello.yaml", content)

    assert done.content == content.replace(b"mode/v0 ", b"mode/v1 ").replace(b"kind: vote", b"kind: ask")
    assert done.changes == ("phases[vote].kind is ask, was vote", "schema is mode/v1, was mode/v0")
    assert done.notes == (
        "modes/hello.yaml:5: the phase 'announce' is an effect now: write kind: do with effects",
        "modes/hello.yaml:9: the phase 'report' is gone: write measure, then ask",
    )


def test_a_new_name_beside_the_old_is_left_to_people():
    content = b"schema: tiers/v0\ntiers:\n  - { id: base, requires: { a: { is: 1 } }, earn: { a: { is: 2 } } }\n"

    done = upgraded("tiers.yaml", content)

    assert done.content == content.replace(b"v0", b"v1")
    assert done.notes == ("tiers.yaml:3: 'requires' is called 'earn' now, and both are there: keep one",)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("schema: tiers/v2\n", "tiers/v2, newer than this Trellis reads (v1)", "install the Trellis"),
        ("schema: tears/v0\n", "no kind of document", "did you mean 'tiers'?"),
        ("schema: tiers\n", "does not say which kind", "schema:"),
        ("title: x\n", "does not say which kind", "schema:"),
        ("schema: [\n", "tiers.yaml:1:", ""),
    ],
)
def test_what_cannot_be_upgraded_is_refused_in_a_sentence(text, said, hint):
    with pytest.raises(NotEditable) as refusal:
        upgraded("tiers.yaml", text.encode())

    assert said in refusal.value.message
    assert hint in refusal.value.hint


def test_each_version_below_the_present_has_its_upgrade():
    assert list(upgrades()) == list(range(CURRENT))


@pytest.mark.parametrize(
    ("version", "hint"), [("v0", "trellis migrate-specs brings it to tiers/v1"), ("v2", "tiers/v1")]
)
def test_the_checker_says_the_way_out_once(version, hint):
    files = read_folder(SMALLEST)
    old = {**files, "tiers.yaml": files["tiers.yaml"].replace(b"tiers/v1", f"tiers/{version}".encode())}
    if version == "v0":
        old["tiers.yaml"] = as_v0(files)["tiers.yaml"]

    (found,) = load(old, discover()).diagnostics

    assert found.code == "TRL201"
    assert hint in found.hint


def trellis(*arguments):
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def draft(tmp_path):
    for name, content in as_v0(read_folder(SMALLEST)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_command_brings_a_folder_over_and_formats_nothing_else(draft, capsys):
    before = read_folder(draft)
    assert trellis("migrate-specs", draft, "--check") == 3
    assert read_folder(draft) == before
    capsys.readouterr()

    assert trellis("migrate-specs", draft, "--json") == 0

    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is True
    assert {Path(one["file"]).name for one in said["files"]} >= {"tiers.yaml", "community.yaml"}
    assert read_folder(draft) == read_folder(SMALLEST)
    assert all(formatted(name, content) == content for name, content in read_folder(draft).items())
    assert trellis("migrate-specs", draft) == 0
    assert "present version already" in capsys.readouterr().out


def test_the_command_writes_nothing_when_one_file_is_newer(draft, capsys):
    (draft / "sla.yaml").write_text("schema: sla/v9\n")
    before = read_folder(draft)

    assert trellis("migrate-specs", draft) == 2

    assert "sla.yaml is sla/v9, newer than this Trellis reads" in capsys.readouterr().err
    assert read_folder(draft) == before
