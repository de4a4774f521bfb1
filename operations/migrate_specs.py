"""Migrate specs: the files of a community brought to the present version of the language, all or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from operations.errors import Refusal
from rules.spec import Diagnostic, PhaseKinds, load
from rules.spec.layout import NotEditable
from rules.spec.upgrades import Upgraded, upgraded


@dataclass(frozen=True, slots=True)
class Migrated:
    """A community in the present version.

    Args:
        files: what changed: name → the file as it should be.
        unchanged: how many are in the present version already.
        diagnostics: what the checker says of the whole then.
    """

    files: dict[str, Upgraded]
    unchanged: int
    diagnostics: tuple[Diagnostic, ...]


def migrate_specs(files: Mapping[str, bytes], kinds: PhaseKinds) -> Migrated:
    """Bring every file to the present version, and check the whole.

    Args:
        files: path inside the folder → content.
        kinds: the kinds of phases there are.

    Raises:
        Refusal: a file cannot be read, does not say what it is, or is newer than this Trellis.
    """
    found: dict[str, Upgraded] = {}
    for file in sorted(files):
        try:
            done = upgraded(file, files[file])
        except NotEditable as refusal:
            raise Refusal(refusal.message, refusal.hint) from None
        if done.content != files[file]:
            found[file] = done
    whole = {**files, **{file: done.content for file, done in found.items()}}
    return Migrated(found, len(files) - len(found), load(whole, kinds).diagnostics if found else ())
