"""Sayings: what simulated participants hand in, score and answer, so that a rehearsal reads like the real thing.

All of it is drawn by lot from (seed, who, what): the same question to the same person has the same answer for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from random import Random

_PLACES = (
    "地库出口",
    "江边",
    "盘山路口",
    "公司楼下",
    "老街转角",
    "高速服务区",
    "海堤",
    "加油站旁",
    "雪后的小区",
    "机场停车楼",
)
_LIGHT = ("傍晚", "清晨", "雨刚停", "逆光", "路灯亮起时", "阴天", "日落前十分钟", "深夜", "正午")
_LINES = ("腰线", "车顶弧线", "尾部的转折", "轮拱", "前盖的两道棱", "侧裙", "溜背", "灯带", "后肩")
_FEELING = (
    "每次停好车都会回头看一眼",
    "像一笔写下来，没有犹豫",
    "光一扫过去，它就活了",
    "孩子说像一条鱼",
    "拍了三十张，就这一张对",
    "车不新了，线条还在",
    "朋友问是不是修过图，没有",
    "等了半小时，只为这一束光",
)
_ONE_LINE = (
    "后排放得下两个安全座椅加一个外婆。",
    "冬天续航打八折，心情不打折。",
    "导航说还有两公里，车说还有三公里。",
    "倒车影像比我对象还操心。",
    "买之前没人说：洗车会上瘾。",
    "音响一开，堵车都不想到家。",
)


def entry_for(member: str, seed: int, *, form: str = "photo_entry") -> dict[str, str]:
    """The fields of a work that this member hands in, for the forms `photo_entry`, `line_entry` and `snapshot`.

    Raises:
        ValueError: no words for this form.
    """
    draw = _draw(seed, "entry", form, member)
    photo = f"https://photos.example/{member}/{draw.randrange(10**6):06d}.jpg"
    if form == "line_entry":
        return {"line": draw.choice(_ONE_LINE)}
    caption = f"{draw.choice(_LIGHT)}，{draw.choice(_PLACES)}。{draw.choice(_LINES)}，{draw.choice(_FEELING)}。"
    if form == "photo_entry":
        return {"photo": photo, "caption": caption}
    if form == "snapshot":
        return {"photo": photo, "words": caption}
    raise ValueError(f"no words for the form '{form}': photo_entry, line_entry and snapshot have some")


def scores_for(
    judge: str, work: str, seed: int, *, rubric: Mapping[str, tuple[int, int]] | None = None
) -> dict[str, int]:
    """What this judge gives this work on each criterion, whole numbers within its scale, both ends included.

    A work has something of its own that all judges see, and each judge is a little stricter or milder than others.

    Args:
        rubric: criterion to scale; the photo contest's own criteria if absent.
    """
    scales = rubric if rubric is not None else {"creativity": (1, 10), "technique": (1, 10)}
    mildness = _draw(seed, "judge", judge).gauss(0.0, 0.08)
    out: dict[str, int] = {}
    for criterion, (lowest, highest) in scales.items():
        worth = _draw(seed, "work", work, criterion).betavariate(4, 3)
        share = worth + mildness + _draw(seed, "score", judge, work, criterion).gauss(0.0, 0.07)
        out[criterion] = min(highest, max(lowest, lowest + round(share * (highest - lowest))))
    return out


def answer_for(member: str, question: str, choices: Sequence[str], seed: int, *, willing: int = 80) -> str:
    """What this person answers: the first choice with `willing` in a hundred, else one of the others, evenly.

    Raises:
        ValueError: there is nothing to choose from.
    """
    if not choices:
        raise ValueError(f"'{question}' leaves nothing to choose from")
    draw = _draw(seed, "answer", question, member)
    if len(choices) == 1 or draw.random() * 100 < willing:
        return choices[0]
    return draw.choice(choices[1:])


def _draw(seed: int, *parts: str) -> Random:
    """Lots for one purpose, the same on every machine."""
    name = "\x1f".join((str(seed), *parts))
    return Random(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"))
