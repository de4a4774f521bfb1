"""Specs in PostgreSQL: every published folder whole, by digest; loading one again is done once per process."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.specs import Published, Version
from operations.ports.trials import CURRENT, REPLACED, RUNNING, STAGED
from operations.renames import renames_of
from rules.spec import Community, load
from store.metric_register import adopt
from store.numbers import current_of, exclusive
from store.renaming import rename
from store.tables.specs import spec_document, spec_version
from store.tables.trials import trial
from store.transaction import anew, once, transaction

if TYPE_CHECKING:
    from rules.spec import PhaseKinds
    from rules.spec.kept import Trees

_KEPT = 64
"""Specs kept loaded by one process."""
_SHORTEST = 6
"""Digits of a digest that have to be given at least."""


class SqlSpecs:
    """The port `Specs`.

    Args:
        kinds: the phase kinds that exist, as `workflows.phases.discover()` finds them.
        trees: where files that were parsed before are kept.
    """

    def __init__(self, engine: Engine, kinds: PhaseKinds, trees: Trees | None = None) -> None:
        self._engine = engine
        self._kinds = kinds
        self._trees = trees
        self._loaded: dict[str, Community] = {}

    def publish(
        self, files: Mapping[str, bytes], community: Community, *, message: str, author: str, at: datetime
    ) -> Published:
        with transaction(self._engine) as connection:
            exclusive(connection, community.id)
            latest = _latest(connection, community.id)
            if latest is not None and latest.digest == community.digest:
                return Published(version=_version(latest, latest.number), new=False)
            keep_document(connection, files, community)
            number = latest.number + 1 if latest is not None else 1
            values = {"community": community.id, "number": number, "digest": community.digest, "at": at}
            connection.execute(spec_version.insert().values(**values, author=author, message=message))
            anew(connection, current_of(community.id))
            _end_trials(connection, community, number, at)
            adopt(connection, community)
            rename(connection, community.id, renames_of(community))
            row = _latest(connection, community.id)
            assert row is not None
            return Published(version=_version(row, number), new=True)

    def current(self, community: str | None = None) -> Community:
        with transaction(self._engine) as connection:
            id_ = community or self._only(connection)
            return once(connection, current_of(id_), lambda: self._current(connection, id_))

    def _current(self, connection: Connection, community: str) -> Community:
        latest = _latest(connection, community)
        if latest is None:
            raise Refusal(f"No community {community} is published here.", _known(connection))
        return self._at(connection, community, latest.digest)

    def at(self, digest: str, community: str | None = None) -> Community:
        loaded = self._loaded.get(digest)
        if loaded is not None and community in (None, loaded.id):
            return loaded  # what a digest means never changes
        with transaction(self._engine) as connection:
            return self._at(connection, self._owner(connection, digest, community), digest)

    def files(self, digest: str, community: str | None = None) -> Mapping[str, bytes]:
        with transaction(self._engine) as connection:
            return _unpacked(_document(connection, self._owner(connection, digest, community), digest))

    def find(self, digest: str, community: str | None = None) -> str:
        bare = digest.removeprefix("sha256:").lower()
        if len(bare) < _SHORTEST or not all(letter in "0123456789abcdef" for letter in bare):
            raise Refusal(
                f"{digest!r} is not a digest.",
                f"`trellis versions` shows them; their first {_SHORTEST} digits will do.",
            )
        query = select(spec_document.c.digest).distinct()
        if community is not None:
            query = query.where(spec_document.c.community == community)
        with transaction(self._engine) as connection:
            found = list(
                connection.execute(query.where(spec_document.c.digest.startswith(f"sha256:{bare}")).limit(3)).scalars()
            )
        if not found:
            raise Refusal(f"No spec {digest} was ever published here.", "`trellis versions` lists what there is.")
        if len(found) > 1:
            raise Refusal(f"Several digests begin with {digest}.", "Give a few digits more.")
        return str(found[0])

    def versions(self, community: str | None = None) -> Sequence[Version]:
        with transaction(self._engine) as connection:
            query = select(spec_version).order_by(spec_version.c.community, spec_version.c.number.desc())
            if community is not None:
                query = query.where(spec_version.c.community == community)
            newest: dict[str, int] = {}
            return [_version(row, newest.setdefault(row.community, row.number)) for row in connection.execute(query)]

    def communities(self) -> Sequence[str]:
        with transaction(self._engine) as connection:
            return _communities(connection)

    def _at(self, connection: Connection, community: str, digest: str) -> Community:
        found = self._loaded.get(digest)
        if found is None:
            found = self._read(digest, _document(connection, community, digest))
            if len(self._loaded) >= _KEPT:
                self._loaded.clear()
            self._loaded[digest] = found
        return found

    def _read(self, digest: str, packed: bytes) -> Community:
        loaded = load(_unpacked(packed), self._kinds, self._trees, checked=True)
        if loaded.community is None:
            first = loaded.diagnostics[0].message if loaded.diagnostics else "it cannot be read"
            raise Refusal(
                f"The spec {digest[:19]} was published by another version of Trellis and cannot be read now: {first}",
                "Publish it again with `trellis apply`.",
            )
        return loaded.community

    def _only(self, connection: Connection) -> str:
        known = _communities(connection)
        if len(known) == 1:
            return known[0]
        if not known:
            raise Refusal("No community is published here.", "Publish one: trellis apply specs/auto -m 'First'.")
        raise Refusal("Several communities are published here.", f"Say which: --community {'|'.join(known)}.")

    def _owner(self, connection: Connection, digest: str, community: str | None) -> str:
        query = select(spec_document.c.community).where(spec_document.c.digest == digest)
        if community is not None:
            query = query.where(spec_document.c.community == community)
        found = connection.execute(query.order_by(spec_document.c.community)).scalars().first()
        if found is None:
            raise Refusal(f"No spec {digest} was ever published here.", "`trellis versions` lists what there is.")
        return str(found)


def keep_document(connection: Connection, files: Mapping[str, bytes], community: Community) -> None:
    """Keep the documents of a version, which is not thereby published."""
    connection.execute(
        insert(spec_document)
        .values(community=community.id, digest=community.digest, files=_packed(files))
        .on_conflict_do_nothing()
    )


def _end_trials(connection: Connection, community: Community, number: int, at: datetime) -> None:
    """A trial of what is current now is over, and so is a staged one of anything else: its base is gone."""
    running = (trial.c.community == community.id) & (trial.c.state == RUNNING)
    mine = running & (trial.c.digest == community.digest)
    connection.execute(update(trial).where(mine).values(state=CURRENT, why=f"version {number}", ended_at=at))
    other = running & (trial.c.kind == STAGED)
    connection.execute(update(trial).where(other).values(state=REPLACED, why=f"by version {number}", ended_at=at))


def _latest(connection: Connection, community: str) -> Row[tuple[object, ...]] | None:
    query = select(spec_version).where(spec_version.c.community == community)
    return connection.execute(query.order_by(spec_version.c.number.desc()).limit(1)).first()


def _version(row: Row[tuple[object, ...]], newest: int) -> Version:
    return Version(
        community=row.community,
        number=row.number,
        digest=row.digest,
        at=row.at,
        author=row.author,
        message=row.message,
        current=row.number == newest,
    )


def _document(connection: Connection, community: str, digest: str) -> bytes:
    query = select(spec_document.c.files).where(
        spec_document.c.community == community, spec_document.c.digest == digest
    )
    found = connection.execute(query).scalar()
    if found is None:
        raise Refusal(f"No spec {digest} was ever published here.", "`trellis versions` lists what there is.")
    return bytes(found)


def _communities(connection: Connection) -> list[str]:
    return list(connection.execute(select(spec_version.c.community).distinct().order_by("community")).scalars())


def _known(connection: Connection) -> str:
    known = _communities(connection)
    return f"There is {', '.join(known)}." if known else "Publish one: trellis apply specs/auto -m 'First'."


def _packed(files: Mapping[str, bytes]) -> bytes:
    texts = {name: content.decode("utf-8") for name, content in sorted(files.items())}
    return zlib.compress(json.dumps(texts, ensure_ascii=False).encode(), 9)


def _unpacked(packed: bytes) -> dict[str, bytes]:
    return {name: text.encode() for name, text in json.loads(zlib.decompress(packed)).items()}
