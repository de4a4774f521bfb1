"""A folder of specs is read within bounds, and never out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.errors import Refusal
from rules.spec.reader import MAX_FILE
from store.folder import read_folder


def test_every_yaml_file_is_read_with_its_path_inside(tmp_path: Path) -> None:
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes" / "b.yaml").write_bytes(b"b")
    (tmp_path / "a.yaml").write_bytes(b"a")
    (tmp_path / "notes.txt").write_bytes(b"n")

    assert read_folder(tmp_path) == {"a.yaml": b"a", "modes/b.yaml": b"b"}


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_bytes(b"x")
    (tmp_path / ".draft.yaml").write_bytes(b"x")
    (tmp_path / "a.yaml").write_bytes(b"a")

    assert list(read_folder(tmp_path)) == ["a.yaml"]


def test_no_more_is_read_of_a_file_than_tells_that_it_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"x" * 3 * MAX_FILE)

    assert len(read_folder(tmp_path)["a.yaml"]) == MAX_FILE + 1


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_leads_out_is_not_followed(kind: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_bytes(b"secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.yaml").write_bytes(b"a")
    if kind == "file":
        (inside / "b.yaml").symlink_to(outside / "secret.yaml")
        with pytest.raises(Refusal, match="link that leads out"):
            read_folder(inside)
    else:
        (inside / "more").symlink_to(outside)
        assert list(read_folder(inside)) == ["a.yaml"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")

    with pytest.raises(Refusal, match="link to itself"):
        read_folder(tmp_path)


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")

    with pytest.raises(Refusal, match="is not a file"):
        read_folder(tmp_path)


def test_a_folder_called_like_a_file_is_no_spec(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").mkdir()
    (tmp_path / "a.yaml").write_bytes(b"a")

    assert list(read_folder(tmp_path)) == ["a.yaml"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.yaml")

    with pytest.raises(Refusal, match="is not a file"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "says"),
    [("missing", "there is no folder"), ("a.yaml", "is a file"), ("empty", "no .yaml file")],
)
def test_what_is_no_community_is_refused_in_words(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"a")
    (tmp_path / "empty").mkdir()

    with pytest.raises(Refusal, match=says):
        read_folder(tmp_path / name)
