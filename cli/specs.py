"""Specs on the command line: which folder is meant, and what is in it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from operations.errors import Refusal

if TYPE_CHECKING:
    from rules.spec import Community, Diagnostic, Loaded


def given_folder(folder: Path | None) -> Path:
    """The folder that was named; without one the only community in `specs/`, or the working directory.

    Raises:
        Refusal: it is not there, or there are several communities in `specs/`.
    """
    if folder is not None:
        try:
            folder.stat()
        except OSError as error:
            reason = "there is nothing there" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
            raise Refusal(
                f"{folder} cannot be read: {reason}", "give the folder of a community, such as specs/auto"
            ) from None
        return folder
    communities = sorted(p.parent for p in Path("specs").glob("*/community.yaml"))
    if len(communities) == 1:
        return communities[0]
    if len(communities) > 1:
        names = ", ".join(map(str, communities))
        raise Refusal(f"there are several communities here: {names}", "say which one")
    return Path()


def read_one(file: Path) -> "Loaded":
    """Check the community that a file belongs to: the folder around it with community.yaml; else the file alone.

    Raises:
        Refusal: the folder around it cannot be read.
    """
    around = next((p for p in file.parents if (p / "community.yaml").is_file()), None)
    if around is not None and file.suffix == ".yaml":
        return read_specs(around)

    from rules.spec import Loaded, load
    from store.folder import read_file
    from workflows.phases import discover

    loaded = load({file.name: read_file(file)}, discover())
    mine = tuple(replace(d, file=str(file)) for d in loaded.diagnostics if d.code != "TRL214")
    return Loaded(loaded.community, mine)


def read_specs(folder: Path, *, checked: bool = True) -> "Loaded":
    """Read and check the specs in a folder; files in diagnostics are named as seen from here.

    Args:
        checked: without it what names mean across documents is not looked into, for whoever does so later.

    Raises:
        Refusal: the folder is missing, empty, or cannot be read.
    """
    from rules.spec import load
    from store.folder import read_folder
    from store.trees import KeptTrees
    from workflows.phases import discover

    loaded = load(read_folder(folder), discover(), KeptTrees(), checked=not checked)
    named = tuple(replace(d, file=(folder / d.file).as_posix()) for d in loaded.diagnostics)
    return replace(loaded, diagnostics=named)


def out_of_reach(folder: Path, community: "Community") -> "list[Diagnostic]":
    """The tiers of specs in a folder that nobody can earn, as errors; files are named as seen from here."""
    from rules.proof import out_of_reach
    from rules.proof.finding import as_diagnostic

    texts = {document.source.file: document.source.lines for document in community.documents}
    return [as_diagnostic(finding, folder, texts, "error") for finding in out_of_reach(community)]


@dataclass(frozen=True, slots=True)
class Around:
    """One spec file among the files of its community."""

    folder: Path
    name: str  # of the file, inside the folder
    files: dict[str, bytes]

    def shown(self, name: str) -> str:
        """A file of the community as named from here."""
        return (self.folder / name).as_posix()


def around(file: Path) -> Around:
    """The community a file belongs to: the folder around it with community.yaml; else the file alone.

    Raises:
        Refusal: it is not a spec file, or it or the folder cannot be read.
    """
    from store.folder import read_file, read_folder

    if file.suffix != ".yaml":
        raise Refusal(f"{file} is not a spec file", "give a .yaml file, such as specs/auto/tiers.yaml")
    content = read_file(file)
    folder = next((p for p in file.parents if (p / "community.yaml").is_file()), None)
    if folder is None:
        return Around(file.parent, file.name, {file.name: content})
    files = read_folder(folder)
    name = file.relative_to(folder).as_posix()
    if name not in files:
        raise Refusal(f"{file} is not read with its community", "hidden files are passed over")
    return Around(folder, name, files)


def show_diagnostics(diagnostics: "Iterable[Diagnostic]", say: Callable[[str], None]) -> None:
    """Say each with its place, its line and the way out."""
    for d in diagnostics:
        say(f"{d.file}:{d.line}:{d.column}: {d.message}  [{d.code}]")
        if d.frame:
            say("\n".join("    " + line for line in d.frame.splitlines()))
        if d.hint:
            say(f"    {d.hint}")
