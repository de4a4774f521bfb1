"""Reading packs: those of other distributions are found, and what is wrong with one is told in a sentence."""

import importlib.metadata
import sys

import pytest

from rules.spec import pack as packs_module
from rules.spec.pack import GROUP, BrokenPack, Pack, packs, read_pack

PACK = """\
schema: pack/v1
id: mine
title: { en: Mine, zh: 我的 }
needs:
  - { id: good, title: { en: Good, zh: 好 }, type: integer }
metrics:
  - { id: fine, title: { en: Fine, zh: 可以 }, when: { good: { at_least: 3, over: 90d } } }
  - id: very_fine
    title: { en: Very fine, zh: 很好 }
    when: { all: [{ fine: { is: true } }, { staff: { is: false } }] }
"""


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A package of another distribution that names itself as a pack."""
    folder = tmp_path / "their_packs" / "mine"
    folder.mkdir(parents=True)
    for package in (folder.parent, folder):
        (package / "__init__.py").write_text('"""Theirs."""\n')
    point = importlib.metadata.EntryPoint("mine", "their_packs.mine", GROUP)
    found = importlib.metadata.entry_points
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda *, group: [point] if group == GROUP else found(group=group)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    packs_module.packs.cache_clear()
    yield folder
    packs_module.packs.cache_clear()
    for name in [name for name in sys.modules if name.startswith("their_packs")]:
        del sys.modules[name]


def test_a_pack_of_another_distribution_is_found_beside_ours(elsewhere):
    (elsewhere / "pack.yaml").write_text(PACK, encoding="utf-8")

    mine = packs()["mine"]

    assert isinstance(mine, Pack)
    assert mine.reads == {"fine": {"good"}, "very_fine": {"good"}}
    assert {"spotting", "teamwork"} < set(packs())


def test_a_pack_without_its_file_is_broken_and_leaves_the_others_alone(elsewhere):
    mine = packs()["mine"]

    assert isinstance(mine, BrokenPack)
    assert "the pack 'mine' cannot be read" in mine.message
    assert isinstance(packs()["spotting"], Pack)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("good: { at_least", "god: { at_least", "reads 'god', which is not there; did you mean 'good'?"),
        ("{ fine: { is: true } }", "{ very_fine: { is: true } }", "reads 'very_fine', which is not there"),
        ("{ fine: { is: true } }", "{ fine: { is_known: true } }", "may only ask whether 'fine' is true or false"),
        ("id: mine", "id: yours", "says that it is 'yours'"),
        ("id: very_fine", "id: fine", "'fine' is there twice"),
        ("id: fine", "id: good", "'good' is there twice"),
        ("id: fine,", "id: staff,", "'staff' is there twice"),
        ("needs:", "nees:", "unknown key 'nees'"),
        ("at_least: 3", "at_last: 3", "mine/pack.yaml:7:"),
        (
            "when: { good: { at_least: 3, over: 90d } }",
            "from: [x], take: count, type: integer",
            "'fine' is no conclusion",
        ),
        ("pack/v1", "pack/v9", "pack.yaml:1:"),
        (PACK, "", "pack.yaml:1:1"),
    ],
)
def test_what_is_wrong_with_a_pack_is_told_with_its_place(right, wrong, said):
    with pytest.raises(BrokenPack) as broken:
        read_pack("mine", PACK.replace(right, wrong, 1).encode())

    assert said in str(broken.value)
