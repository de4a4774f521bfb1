"""Remembered: documents that were read without a word, so that reading a community again costs only what was edited.

What was not asked for longest is forgotten first, by the number of documents and by the length of their texts: a
process that reads specs for months does not grow with every edit.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.spec.community import Document
    from rules.spec.phase import PhaseKinds

DOCUMENTS = 512
"""Documents remembered at once."""
BYTES = 4 * 1024 * 1024
"""Bytes of text that they may have together; a document takes some fifty to a hundred times its text."""


class Remembered:
    """Documents by what their file is called and says, and by the kinds of phases it was read with.

    Args:
        documents: how many at most.
        size: bytes of text that they may have together.
    """

    def __init__(self, documents: int = DOCUMENTS, size: int = BYTES) -> None:
        self._documents, self._size = documents, size
        self._kept: OrderedDict[tuple[str, bytes, int], tuple[PhaseKinds, Document]] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, file: str, content: bytes, kinds: PhaseKinds) -> Document | None:
        """The document of a file that was read before."""
        key = (file, content, id(kinds))
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[1]

    def keep(self, file: str, content: bytes, kinds: PhaseKinds, document: Document) -> Document:
        """Remember a document, and forget others if it becomes too much."""
        with self._lock:
            key = (file, content, id(kinds))
            if key not in self._kept:
                self._held += len(content)
            self._kept[key] = (kinds, document)  # the kinds are held, so that no others are taken for them
            self._kept.move_to_end(key)
            while len(self._kept) > self._documents or (self._held > self._size and len(self._kept) > 1):
                (_, gone, _), _ = self._kept.popitem(last=False)
                self._held -= len(gone)
        return document
