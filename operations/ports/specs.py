"""Specs: the versions of a community's documents, each pinned by its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One publication: the community's `number`-th."""

    community: str
    number: int
    digest: str
    at: datetime
    author: str
    message: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing came to: `new` is False when the very same documents were current already."""

    version: Version
    new: bool


class Specs(Protocol):
    """Keeps every version for ever; the latest publication of a community is its current one."""

    def publish(
        self, files: Mapping[str, bytes], community: Community, *, message: str, author: str, at: datetime
    ) -> Published:
        """Keep these files, make them current and rebuild the metrics whose definition is new, all or nothing.

        Args:
            files: the folder's documents by path, as they were read.
            community: what `rules.spec.load` made of them.
        """

    def current(self, community: str | None = None) -> Community:
        """The current spec; without an id that of the only published community.

        Raises:
            Refusal: nothing is published under that id, or several are and none is named.
        """

    def at(self, digest: str, community: str | None = None) -> Community:
        """The spec with this digest, as pinned by a run or a decision.

        Raises:
            Refusal: it was never published here.
        """

    def files(self, digest: str, community: str | None = None) -> Mapping[str, bytes]:
        """The original documents of a version, for `rollback`, `plan` and download.

        Raises:
            Refusal: it was never published here.
        """

    def find(self, digest: str, community: str | None = None) -> str:
        """The whole digest of which some first digits are given, with or without `sha256:`.

        Raises:
            Refusal: nothing or several begin so, or these are no digits of a digest.
        """

    def versions(self, community: str | None = None) -> Sequence[Version]:
        """All publications, newest first."""

    def communities(self) -> Sequence[str]:
        """Ids of all communities that were ever published, in alphabetical order."""
