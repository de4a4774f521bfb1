"""Trees on disk: spec files that were parsed once, kept in the user's cache so that commands start quickly.

A tree is plain JSON under the hash of what it was parsed from; a document with its model is a pickle of which nothing
but models is ever made (`rules.spec.kept`). The folder may be removed at any time, and one that cannot be written to
only makes commands slower.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from rules.spec import reader

MOST = 4096
"""Trees kept at once; beyond, the half that was not used for longest goes."""


class KeptTrees:
    """Trees in a folder; by default `trellis/trees` in the cache folder of the XDG base directories."""

    def __init__(self, folder: Path | None = None) -> None:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
        self._folder = folder or home / "trellis" / "trees"

    def find(self, content: bytes) -> Any | None:
        try:
            return orjson.loads((self._folder / _name(content)).read_bytes())
        except (OSError, ValueError):
            return None

    def keep(self, content: bytes, tree: Any) -> None:
        with contextlib.suppress(TypeError):  # numbers beyond 64 bits are not kept
            self._write(_name(content), orjson.dumps(tree))

    def find_document(self, name: bytes) -> bytes | None:
        try:
            return (self._folder / name.hex()).read_bytes()
        except OSError:
            return None

    def keep_document(self, name: bytes, document: bytes) -> None:
        self._write(name.hex(), document)

    def _write(self, name: str, content: bytes) -> None:
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
                file.write(content)
            Path(file.name).replace(self._folder / name)
            self._prune()

    def _prune(self) -> None:
        kept = list(self._folder.iterdir())
        if len(kept) <= MOST:
            return
        by_age = sorted((entry.stat().st_mtime_ns, entry) for entry in kept)
        for _, path in by_age[: len(by_age) // 2]:
            with contextlib.suppress(OSError):
                path.unlink()


def _name(content: bytes) -> str:
    """A tree's name: what the file says, and the code that read it."""
    return hashlib.sha256(_code() + content).hexdigest()


@cache
def _code() -> bytes:
    here = Path(reader.__file__).parent
    code = (here / name for name in ("reader.py", "source.py", "syntax.py", "kept.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in code)).digest()
