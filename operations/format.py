"""Format: the spec files of a community laid out as they should be, all or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from operations.errors import Refusal
from rules.spec import Diagnostic
from rules.spec.formatting import NotReadable, formatted
from rules.spec.layout import NotEditable


@dataclass(frozen=True, slots=True)
class Formatted:
    """What formatting would change."""

    changed: dict[str, bytes]  # file → content as it should be
    unchanged: int
    diagnostics: tuple[Diagnostic, ...]  # of files that cannot be read; if there are any, nothing is to be written


def format_files(files: Mapping[str, bytes], done: Callable[[], None] = lambda: None) -> Formatted:
    """Lay out every file.

    Args:
        files: path inside the folder → content.
        done: called after each file.

    Raises:
        Refusal: a file is laid out in a way that cannot be moved safely.
    """
    changed: dict[str, bytes] = {}
    problems: list[Diagnostic] = []
    for file in sorted(files):
        try:
            content = formatted(file, files[file])
        except NotReadable as unreadable:
            problems += unreadable.diagnostics
        except NotEditable as refusal:
            raise Refusal(refusal.message, refusal.hint) from None
        else:
            if content != files[file]:
                changed[file] = content
        done()
    return Formatted(changed, len(files) - len(changed), tuple(problems))
