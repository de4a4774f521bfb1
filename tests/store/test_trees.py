"""Kept trees: the same document as parsing gives, whatever lies in the cache."""

from __future__ import annotations

import pickle
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.packs import teamwork
from rules.spec import load, pack
from rules.spec.diagnostics import Problems
from rules.spec.kept import packed, packed_document, unpacked, unpacked_document
from rules.spec.pack import read_pack
from rules.spec.reader import read
from rules.spec.source import Items, Written, walk
from store import trees
from store.folder import read_folder
from store.trees import KeptTrees
from workflows.phases import discover

SPECS = Path(__file__).parents[2] / "specs"


def places(tree):
    """Everything in a tree with where it stands."""
    for path, node in walk(tree):
        if isinstance(node, Written):
            yield path, node.place, node.key_places, node.value_places
        elif isinstance(node, Items):
            yield path, node.place, node.places
        else:
            yield path, type(node), node


@pytest.mark.parametrize("community", ["auto", "maintainers"])
def test_a_kept_file_is_the_file_that_was_parsed(community):
    for name, content in read_folder(SPECS / community).items():
        parsed = read(name, content, Problems())
        kept = unpacked(name, content, orjson.loads(orjson.dumps(packed(parsed.tree))))

        assert kept.tree == parsed.tree
        assert list(places(kept.tree)) == list(places(parsed.tree))
        assert kept.lines == parsed.lines


scalars = st.booleans() | st.integers(-(2**60), 2**60) | st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abcdef"), inner)))
def test_any_tree_is_kept_as_it_is(value):
    content = orjson.dumps({"a": value})
    parsed = read("x.yaml", content, Problems())

    kept = unpacked("x.yaml", content, orjson.loads(orjson.dumps(packed(parsed.tree))))

    assert kept.tree == parsed.tree
    assert list(places(kept.tree)) == list(places(parsed.tree))


def test_an_edited_file_is_read_again_and_its_mistakes_are_said_every_time(tmp_path):
    files, cache = read_folder(SPECS / "maintainers"), KeptTrees(tmp_path)
    assert load(files, dict(discover()), cache).ok
    broken = {**files, "tiers.yaml": files["tiers.yaml"].replace(b"earn:", b"earnn:", 1) + b"\nx: yes\n"}

    first, second = (load(broken, dict(discover()), cache).diagnostics for _ in range(2))

    assert first == second == load(broken, discover()).diagnostics
    assert {d.code for d in first} >= {"TRL110"}


@pytest.mark.parametrize("rubbish", ["", "{", "[1]", "[1,2,3]", "[[1]]", "null", '[1,1,"a",1,1,null,1,1]', "1.5"])
def test_rubbish_in_the_cache_is_passed_over(tmp_path, rubbish):
    files, cache = read_folder(SPECS / "maintainers"), KeptTrees(tmp_path)
    digest = load(files, dict(discover()), cache).community.digest
    for entry in tmp_path.iterdir():
        entry.write_text(rubbish)

    assert load(files, dict(discover()), cache).community.digest == digest


@pytest.mark.parametrize("community", ["auto", "maintainers"])
def test_a_kept_document_is_the_document_that_was_read(community):
    kinds = discover()
    for document in load(read_folder(SPECS / community), dict(kinds)).community.documents:
        kept = packed_document(document.schema, document.model, document.source.tree)
        schema, model, tree = unpacked_document(kept, kinds)

        assert (schema, model, tree) == (document.schema, document.model, document.source.tree)
        assert list(places(tree)) == list(places(document.source.tree))


class Intruder:
    def __reduce__(self):
        return print, ("made while it was read",)


@pytest.mark.parametrize("value", [Intruder(), ("task/v1", Intruder(), {}), ("task/v1", {}, {}), b"", 3], ids=range(5))
def test_nothing_but_documents_is_made_of_what_lies_in_the_cache(value, capsys):
    with pytest.raises(ValueError, match="no document"):
        unpacked_document(value if isinstance(value, bytes) else pickle.dumps(value), discover())

    assert capsys.readouterr().out == ""


def test_a_kept_pack_is_the_pack_that_was_read(tmp_path, monkeypatch):
    content, cache = (Path(teamwork.__file__).parent / "pack.yaml").read_bytes(), KeptTrees(tmp_path)
    first = read_pack("teamwork", content, cache)
    monkeypatch.setattr(pack, "read", None)

    assert read_pack("teamwork", content, cache) == first
    assert read_pack("teamwork", content, cache).conclusions == first.conclusions


@pytest.mark.parametrize("told", [None, (), ({},), ({}, {}, {})])
def test_a_pack_of_which_rubbish_was_kept_is_read_again(tmp_path, told):
    content, cache = (Path(teamwork.__file__).parent / "pack.yaml").read_bytes(), KeptTrees(tmp_path)
    first = read_pack("teamwork", content, cache)
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(packed_document("pack/v1", first.document, told))

    assert read_pack("teamwork", content, cache) == first


def test_a_file_under_another_name_is_another_document(tmp_path):
    files, cache = read_folder(SPECS / "maintainers"), KeptTrees(tmp_path)
    load(files, dict(discover()), cache)
    files["ladder.yaml"] = files.pop("tiers.yaml")

    loaded = load(files, dict(discover()), cache)

    places = {d.source.tree.place.file for d in loaded.community.documents}
    assert "ladder.yaml" in places
    assert "tiers.yaml" not in places


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "file").write_text("in the way")

    assert load(read_folder(SPECS / "maintainers"), dict(discover()), KeptTrees(tmp_path / "file")).ok


def test_the_trees_not_used_for_longest_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr(trees, "MOST", 8)
    cache = KeptTrees(tmp_path)

    for n in range(30):
        cache.keep(b"%d" % n, n)

    assert 4 <= len(list(tmp_path.iterdir())) <= 8
    assert cache.find(b"29") == 29
