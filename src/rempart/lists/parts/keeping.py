"""Features of listed pictures, kept and let go: made where a list is made from pictures, gone with their entry.

What is kept of a picture can be turned back into something recognisable. It is evidence: features are sealed in the
database, the sheet is an object of the vault. None is exported, and none is made of what a notice brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from rempart.evidence.vault import Sealed, Vault
from rempart.lists.parts import records
from rempart.lists.parts.sealing import PartBox
from rempart.people.principal import SYSTEM, Principal
from rempart.provenance.partial.featurefile import write_features
from rempart.provenance.partial.features import VERSION
from rempart.provenance.partial.making import Parts
from rempart.store.periodic import Periodic

BASIS = "list"
MEDIA_TYPE = "application/octet-stream"
UPKEEP_SECONDS = 30.0
_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PartKeeper:
    """Keeps features of the entries of one list, by their references."""

    vault: Vault
    number: int
    by: Principal

    def missing(self, refs: Sequence[str]) -> set[str]:
        """Those of some entries that have no features yet."""
        with self.vault.store.read() as conn:
            return records.without(conn, self.number, refs, version=VERSION)

    def keep(self, made: Iterable[tuple[str, Parts]]) -> int:
        """Seal and write what was made of entries' pictures; how many came to be kept.

        Raises UnavailableError, StorageFullError; what was written until then stays.
        """
        kept, waiting = 0, list[tuple[str, Parts, Sealed]]()
        for ref, parts in made:
            if parts.features is None or not parts.sheet_bytes:
                continue
            waiting.append((ref, parts, self.vault.seal(parts.sheet_bytes)))
            if len(waiting) == _AT_ONCE:
                kept += self._write(waiting)
                waiting = []
        return kept + self._write(waiting)

    def _write(self, some: Sequence[tuple[str, Parts, Sealed]]) -> int:
        box, count = PartBox(self.vault.keyring), 0
        with self.vault.store.write() as conn:
            for ref, parts, sealed in some:
                assert parts.features is not None
                features = parts.sha256 + write_features(parts.features)
                row: dict[str, Any] = {
                    "list": self.number, "ref": ref, "version": VERSION, "object_id": sealed.object_id,
                    "features": box.seal(features, number=self.number, ref=ref), "made": self.vault.clock(),
                }  # fmt: skip
                # Another import may have been quicker; what it sealed for nothing is swept with other left-overs.
                if records.add(conn, row):
                    self.vault.record(conn, sealed, item=None, basis=BASIS, media_type=MEDIA_TYPE, by=self.by)
                    count += 1
        return count


def let_go(vault: Vault, *, most: int = 500) -> int:
    """Let go of what belongs to no live entry any more, or was made by another version; how many there were.

    Rows go at once; the sheets' keys with the next run of retention.
    """
    count = 0
    with vault.store.read() as conn:
        if not _leaving(conn, most=1):
            return count
    while True:
        with vault.store.write() as conn:
            some = _leaving(conn, most=most)
            for row in some:
                vault.let_go(conn, basis=BASIS, object_id=row.object_id, by=SYSTEM)
            records.forget(conn, [row.id for row in some])
        count += len(some)
        if not some:
            return count


def _leaving(conn: Connection, *, most: int) -> list[Any]:
    return [*records.gone(conn, limit=most), *records.old(conn, version=VERSION, limit=most)]


def periodics(vault: Vault) -> tuple[Periodic, ...]:
    """The periodic work; running it twice at once does no harm."""

    def run(_: object) -> None:
        let_go(vault)

    return (Periodic(name="lists.parts", seconds=UPKEEP_SECONDS, run=run),)
