"""Edit: a value that a person named is changed, if the community still checks."""

from pathlib import Path

import pytest

from operations.edit import edit, meanings
from operations.errors import Refusal
from store.folder import read_folder, write_file
from workflows.phases import discover

SMALLEST = Path(__file__).parents[1] / "specs" / "smallest"


@pytest.fixture(scope="module")
def files():
    return read_folder(SMALLEST)


def test_a_value_is_changed_and_the_rest_of_the_file_is_as_it_was(files):
    done = edit(files, "tiers.yaml", "tiers[active].grace", "21d", discover())

    assert (done.before, done.after, done.diagnostics) == ("14d", "21d", ())
    assert done.content == files["tiers.yaml"].replace(b"grace: 14d", b"grace: 21d")
    assert done.diff.splitlines()[-2:] == ["-    grace: 14d", "+    grace: 21d"]


def test_what_would_no_longer_check_is_told(files):
    done = edit(files, "tiers.yaml", "tiers[active].grace", "a fortnight", discover())

    assert [d.code for d in done.diagnostics] == ["TRL206"]


def test_a_mistake_that_was_there_before_does_not_forbid_an_edit_elsewhere(files):
    wrong = {**files, "sla.yaml": files["sla.yaml"].replace(b"finish:", b"finsh:", 1)}

    assert edit(wrong, "tiers.yaml", "tiers[active].grace", "21d", discover()).diagnostics == ()


def test_an_edit_may_mend_the_mistake(files):
    wrong = {**files, "tiers.yaml": files["tiers.yaml"].replace(b"grace: 14d", b"grace: 14")}

    done = edit(wrong, "tiers.yaml", "tiers[active].grace", "14d", discover())

    assert done.diagnostics == ()
    assert done.content == files["tiers.yaml"]


def test_a_number_takes_the_place_of_a_text_where_only_a_number_fits(files):
    wrong = {**files, "tiers.yaml": files["tiers.yaml"].replace(b"at_least: 3", b'at_least: "3.0"')}

    done = edit(wrong, "tiers.yaml", "tiers[active].earn.all[0].posts.at_least", "3", discover())

    assert done.after == 3
    assert done.content == files["tiers.yaml"]


@pytest.mark.parametrize(
    ("text", "before", "meant"),
    [
        ("5", 4, [5, "5"]),
        ("0.50", 4, ["0.50"]),
        ("5", "0.70", ["5", 5]),
        ("true", False, [True, "true"]),
        ("yes", False, ["yes"]),
        ('"5"', 4, ["5"]),
        ("'it''s'", "x", ["it's"]),
        ("007", 4, ["007"]),
        ("more", "some\n", ["more\n"]),
        ("", "x", [""]),
    ],
)
def test_a_text_is_read_as_the_type_of_what_it_replaces_first(text, before, meant):
    found = list(meanings(text, before, where="x"))

    assert found == meant
    assert list(map(type, found)) == list(map(type, meant))


@pytest.mark.parametrize("text", ["[a, b]", "{ at_least: 5 }"])
def test_a_list_or_mapping_is_no_value(text):
    with pytest.raises(Refusal, match="takes one plain value"):
        list(meanings(text, "x", where="tiers[core].grace"))


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(b"theirs")

    with pytest.raises(Refusal, match="changed meanwhile"):
        write_file(file, b"ours", before=b"as it was")

    assert file.read_bytes() == b"theirs"


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path):
    file, link = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)

    write_file(link, b"new", before=b"old")

    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.yaml", "b.yaml"]
