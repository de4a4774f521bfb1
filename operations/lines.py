"""Lines: the lines of a file that may be packed and may be hostile, by number, within bounds."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from operations.errors import Refusal

LONGEST_LINE = 65_536
"""Bytes of one line; a longer one comes cut off, one byte longer than this."""
MOST_UNPACKED = 200
"""How many times its size a packed file may unpack to, after the first 64 MiB."""

_READ = 1 << 18
_FREE = 1 << 26
_ODD = (b'"', b"\x00", b"\x1e", b"\x1f", b"\r")


class Lines:
    """Numbered lines without their ends, one by one or, where nothing odd is in them, many at once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = _whole_lines(blocks)
        self._held: deque[tuple[int, bytes]] = deque()
        self._number = 1

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self

    def __next__(self) -> tuple[int, bytes]:
        while not self._held:
            self._hold(next(self._blocks))
        return self._held.popleft()

    def clean(self) -> tuple[int, list[str], bytes] | None:
        """Many lines as text, the number of the first, and their bytes; None where one must look at them one by one."""
        if self._held:
            return None
        block = next(self._blocks, None)
        if block is None:
            return None
        if not any(odd in block for odd in _ODD):
            try:
                texts = block.decode("utf-8").split("\n")
            except UnicodeDecodeError:
                texts = []
            if texts and len(max(texts, key=len)) < LONGEST_LINE // 4:
                number, self._number = self._number, self._number + len(texts)
                return number, texts, block
        self._hold(block)
        return None

    def back(self, lines: Sequence[tuple[int, bytes]]) -> None:
        """Give lines back, to be read again."""
        self._held.extendleft(reversed(lines))

    def _hold(self, block: bytes) -> None:
        for line in block.split(b"\n"):
            self._held.append((self._number, line[: LONGEST_LINE + 1].removesuffix(b"\r")))
            self._number += 1


def unpacked(file: BinaryIO, path: Path, seen: Callable[[int], None]) -> Iterator[bytes]:
    """The content of a file, unpacked if it is gzip.

    Args:
        seen: told how many bytes of the file were read.

    Raises:
        Refusal: it unpacks to far too much.
        zlib.error: it is damaged.
    """
    first = file.read(_READ)
    seen(len(first))
    if first[:2] != b"\x1f\x8b":
        while first:
            yield first
            first = file.read(_READ)
            seen(len(first))
        return
    unpacker, whole = zlib.decompressobj(31), True
    packed = there = 0
    while first:
        packed += len(first)
        while first:
            block = unpacker.decompress(first, _READ * 4)
            there += len(block)
            if there > _FREE and there > packed * MOST_UNPACKED:
                raise Refusal(f"{path} unpacks to more than {MOST_UNPACKED} times its size.", "Is it a table of rows?")
            if block:
                yield block
            first, whole = unpacker.unconsumed_tail, unpacker.eof
            if unpacker.eof:  # another member may follow, or padding
                first = unpacker.unused_data.lstrip(b"\x00")
                unpacker = zlib.decompressobj(31)
        first = file.read(_READ)
        seen(len(first))
    if not whole:
        yield unpacker.flush()
        raise zlib.error("it ends too early")


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks cut at line ends, the last line end of each left out. Of an endless line only the beginning is kept."""
    rest, skipping = b"", False
    for block in blocks:
        if skipping:
            end = block.find(b"\n")
            if end < 0:
                continue
            block, skipping = block[end + 1 :], False
        end = block.rfind(b"\n")
        if end >= 0:
            yield rest + block[:end]
            rest = block[end + 1 :]
        else:
            rest += block
        if len(rest) > LONGEST_LINE * 4:
            yield rest[: LONGEST_LINE + 1]
            rest, skipping = b"", True
    if rest:
        yield rest
