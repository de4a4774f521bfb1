"""Rejects: the file beside an import that names every row which was not taken, why, and what to do."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import orjson

from operations.errors import Refusal
from operations.rows import Reject


class RejectFile:
    """Written as rows are rejected; without any there is no file, and one of an earlier import is removed.

    Args:
        source: the file that is imported; rejects go to `<source>.rejected.csv`, or `.ndjson` beside NDJSON.
    """

    def __init__(self, source: Path) -> None:
        name = source.name.lower()
        self._json = "ndjson" in name or "jsonl" in name
        self.path = source.with_name(f"{source.name}.rejected.{'ndjson' if self._json else 'csv'}")
        self.count = 0
        self.first: list[Reject] = []
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejects: Iterable[Reject]) -> None:
        """Write rows down.

        Raises:
            Refusal: the file cannot be written.
        """
        rows = list(rejects)
        if not rows:
            return
        self.first.extend(rows[: 20 - len(self.first)])
        self.count += len(rows)
        try:
            file = self._file or self._open()
            if self._json:
                file.writelines(orjson.dumps(asdict(row)).decode() + "\n" for row in rows)
            else:
                csv.writer(file).writerows(list(asdict(row).values()) for row in rows)
            file.flush()
        except OSError as error:
            raise Refusal(f"{self.path} cannot be written: {error.strerror or error}") from None

    def _open(self) -> TextIO:
        self._file = self.path.open("w", encoding="utf-8", newline="")
        if not self._json:
            csv.writer(self._file).writerow([column.name for column in fields(Reject)])
        return self._file
