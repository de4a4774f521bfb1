"""For authors of the guide: `python -m tests.guide [PAGE …]` walks pages and writes what is really shown.

PAGE is how the file's name begins, such as 03. With `--write` the English page gets what its commands show, where
that differs, and the Chinese page gets the blocks of the English one; with `--translate` it only gets the blocks.
"""

import signal
import sys
import time

from tests.guide.walk import GUIDE, Astray, Page, Walk, pages


def main(names: list[str], *, write: bool, translating: bool) -> int:
    """Walk the pages whose names begin so; all of them without names."""
    wrong = 0
    for path in pages("en"):
        if names and not path.name.startswith(tuple(names)):
            continue
        if translating:
            wrong += not translate(path.name)
            continue
        began = time.monotonic()
        try:
            text = Walk(Page.read(path), write=write).go()
        except Astray as astray:
            print(astray)
            wrong += 1
            continue
        print(f"{path.name}: {time.monotonic() - began:.0f} s")
        if write:
            path.write_text(text, "utf-8")
            wrong += not translate(path.name)
    return wrong


def translate(name: str) -> bool:
    """Put the blocks of the English page into the Chinese one; says whether it has as many."""
    other = GUIDE / "zh" / name
    if not other.is_file():
        print(f"{name}: there is no Chinese page yet")
        return False
    english, chinese = Page.read(GUIDE / "en" / name), Page.read(other)
    if len(english.blocks) != len(chinese.blocks):
        print(f"{name}: {len(english.blocks)} blocks in English, {len(chinese.blocks)} in Chinese")
        return False
    text = chinese.text
    for theirs, ours in reversed(list(zip(english.blocks, chinese.blocks, strict=True))):
        text = text[: ours.opens] + english.text[theirs.opens : theirs.end] + text[ours.end :]
    other.write_text(text, "utf-8")
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was begun is stopped
    given = [word for word in sys.argv[1:] if not word.startswith("--")]
    wrong = main(given, write="--write" in sys.argv, translating="--translate" in sys.argv)
    sys.exit(1 if wrong else 0)
