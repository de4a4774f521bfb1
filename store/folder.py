"""Folder: the spec files of a community on disk, read within bounds."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from operations.errors import Refusal
from rules.spec.reader import MAX_DEPTH, MAX_FILE, MAX_FILES, MAX_TOTAL


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every .yaml file under a folder: path inside it → content.

    A file that is larger than a spec file may be is read only so far that the reader can tell. Links that lead
    out of the folder are not followed; hidden files and folders are passed over.

    Raises:
        Refusal: the folder is missing, is no folder or cannot be read, holds no .yaml file, too many, or a .yml file.
    """
    if not folder.exists():
        raise Refusal(f"there is no folder {folder}", "give the folder of a community, such as specs/auto")
    if not folder.is_dir():
        raise Refusal(f"{folder} is a file, not a folder", f"give the folder it is in: {folder.parent}")
    found: dict[str, bytes] = {}
    total = 0
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".yml":
            raise Refusal(f"{path} will not be read", f"rename it to {path.with_suffix('.yaml').name}")
        if len(found) == MAX_FILES:
            raise Refusal(f"{folder} holds more than {MAX_FILES:,} .yaml files", "is this the folder of one community?")
        found[name] = read_file(path)
        total += len(found[name])
        if total > MAX_TOTAL:
            raise Refusal(f"the .yaml files in {folder} have more than {MAX_TOTAL:,} bytes in all", "")
    if not found:
        raise Refusal(f"there is no .yaml file in {folder}", "a community begins with community.yaml")
    return found


def _files(folder: Path) -> Iterator[Path]:
    """The .yaml and .yml files under a folder, in order; never out of it by a link."""
    home = folder.resolve()

    def refuse(error: OSError) -> None:
        raise Refusal(f"{error.filename or folder} cannot be read: {error.strerror or error}")

    for place, folders, names in os.walk(folder, onerror=refuse):
        here = Path(place)
        deep = len(here.relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and deep < MAX_DEPTH)
        for name in sorted(names):
            path = here / name
            if name.startswith(".") or path.suffix not in (".yaml", ".yml"):
                continue
            try:
                inside, plain = path.resolve().is_relative_to(home), path.is_file()
            except (OSError, RuntimeError):
                raise Refusal(f"{path} is a link to itself", "remove it") from None
            if not inside:
                raise Refusal(f"{path} is a link that leads out of the folder", "copy the file instead")
            if not plain:
                raise Refusal(f"{path} is not a file", "remove it")
            yield path


def read_file(path: Path) -> bytes:
    """One spec file; of one that is too large only so much that the reader can tell.

    Raises:
        Refusal: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror or error}") from None


def write_file(path: Path, content: bytes, *, before: bytes) -> None:
    """Put new content into one spec file, whole or not at all; a link stays a link, its target is written.

    Args:
        path: the file.
        content: what it should hold.
        before: what it held when the change was made up.

    Raises:
        Refusal: somebody else changed it meanwhile, or it cannot be written.
    """
    if read_file(path) != before:
        raise Refusal(f"{path} was changed meanwhile by somebody else", "look at it, and try again")
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".new")
        new = Path(name)
        with contextlib.ExitStack() as undo:
            undo.callback(new.unlink, missing_ok=True)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.chmod(target.stat().st_mode & 0o7777)
            new.replace(target)
            undo.pop_all()
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror or error}") from None
