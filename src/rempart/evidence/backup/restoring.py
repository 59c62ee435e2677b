"""Bringing a backup back: checked before anything is written, loaded in one transaction, closed until it is finished.

A backup is older than the ledger. What was destroyed or withdrawn in between would be there again; therefore a restored
database says of itself that the restore is pending, and nothing may be served until the newest ledger was brought in
and its later destructions and withdrawals were repeated (`replaying`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from sqlalchemy import Connection, func, select

from rempart.clock import Clock
from rempart.errors import RefusedError, RestorePendingError, TamperedError
from rempart.evidence.backup.archive import HEAD, BackupReader, Member, head_of, sized_digest
from rempart.evidence.backup.making import SETTINGS
from rempart.evidence.backup.records import Restore, begin_restore, pending_restore
from rempart.evidence.ledger.records import leaves
from rempart.evidence.vault.keyring import Keyring
from rempart.evidence.vault.records import alive_objects
from rempart.store.blobs import Blobs
from rempart.store.dump import Loading, decoded, forget
from rempart.store.engine import Store
from rempart.store.ids import new_id
from rempart.store.migrate import revision, upgrade

FORGOTTEN = ("ceremonies", "sessions", "signin_attempts", "signin_links")
"""Tables that do not come back: whoever was signed in then signs in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A backup that agrees with its own manifest. `authentic`: and with the service key."""

    made: datetime
    revision: str
    ledger_size: int
    rows: Mapping[str, int]
    blobs: frozenset[str]
    settings: bytes
    authentic: bool
    missing: tuple[str, ...]
    members: Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was brought back. `without_bytes` are objects whose blob the backup does not have."""

    id: str
    rows: Mapping[str, int]
    blobs: int
    without_bytes: tuple[str, ...]


def check_backup(stream: IO[bytes], *, keyring: Keyring | None) -> Checked:
    """Read a backup to its end and check all of it, writing nothing.

    Raises BackupFormatError, IncompleteError, TamperedError, ServiceKeyMissingError.
    """
    reader = BackupReader(stream, keyring=keyring)
    rows: dict[str, int] = {}
    blobs: set[str] = set()
    head: Mapping[str, Any] = {}
    settings = b""
    for member in reader.members():
        folder, _, rest = member.name.partition("/")
        if member.name == HEAD:
            head = head_of(member)
        elif folder == "tables":
            _, lines = _lines(member)
            table = rest.partition("/")[0]
            rows[table] = rows.get(table, 0) + len(lines)
        elif folder == "blobs":
            blobs.add(rest)
        elif member.name == SETTINGS:
            settings = member.data
    if rows != reader.manifest.get("rows"):
        raise TamperedError("The backup has not as many rows as it says.")
    try:
        return Checked(
            made=datetime.fromisoformat(head["made"]),
            revision=str(head["revision"]),
            ledger_size=int(head["ledger_size"]),
            rows=rows,
            blobs=frozenset(blobs),
            settings=settings,
            authentic=keyring is not None,
            missing=tuple(reader.manifest.get("missing", ())),
            members=reader.seen,
        )
    except (KeyError, ValueError, TypeError) as err:
        raise TamperedError("The backup's head cannot be read.") from err


def load_backup(
    store: Store, blobs: Blobs, opened: Callable[[], IO[bytes]], checked: Checked, *, clock: Clock
) -> Restored:
    """Load a checked backup into an empty database; afterwards the restore is pending.

    `opened` opens the backup anew. What must hold:
    1. the database holds nothing of anybody's (RefusedError);
    2. the backup is still the one that was checked (TamperedError);
    3. there are as many rows afterwards as before, and each object's blob is the one that was sealed (TamperedError).
    Blobs are put before the rows that speak of them; when this is interrupted, the database is still empty.
    """
    _refuse_used(store)
    upgrade(store, to=checked.revision)
    _refuse_used(store)
    found = _put_blobs(blobs, opened, checked)
    restore_id = new_id("restore")
    with store.write() as conn:
        loading = Loading(conn)
        _load_tables(loading, opened, checked)
        if loading.rows != dict(checked.rows):
            raise TamperedError("Not all rows of the backup arrived.")
        loading.finish()
        forget(conn, FORGOTTEN)
        begun = Restore(
            id=restore_id,
            started=clock(),
            backup_made=checked.made,
            ledger_size=checked.ledger_size,
            last_leaf=conn.scalar(select(func.coalesce(func.max(leaves.c.id), 0))) or 0,
            finished=None,
        )
        begin_restore(conn, begun)
        without = _compare_blobs(conn, found)
    upgrade(store)
    return Restored(id=restore_id, rows=checked.rows, blobs=len(found), without_bytes=without)


def refuse_while_pending(conn: Connection) -> None:
    """Raise RestorePendingError when a restore is not finished: called before anything is served."""
    if pending_restore(conn) is not None:
        raise RestorePendingError(
            "This database was restored, and what was destroyed or withdrawn since then is in it again.",
            hint="Run `rempart restore --finish` with the newest ledger.",
        )


def _refuse_used(store: Store) -> None:
    with store.read() as conn:
        if revision(conn) is None:
            return
        if conn.scalar(select(func.count()).select_from(leaves)):
            raise RefusedError("There is a Rempart in that database already.", hint="Name an empty database.")


def _load_tables(loading: Loading, opened: Callable[[], IO[bytes]], checked: Checked) -> None:
    for member in _again(opened, checked, "tables/"):
        columns, lines = _lines(member)
        loading.add(member.name.split("/")[1], columns, [decoded(line) for line in lines])


def _put_blobs(blobs: Blobs, opened: Callable[[], IO[bytes]], checked: Checked) -> dict[str, bytes]:
    found = {}
    for member in _again(opened, checked, "blobs/"):
        name = member.name.removeprefix("blobs/")
        blobs.put(name, [member.data])
        found[name] = hashlib.sha256(member.data).digest()
    return found


def _again(opened: Callable[[], IO[bytes]], checked: Checked, beginning: str) -> Iterator[Member]:
    """Members of one kind, which stand together, once more; each must be what it was when it was checked."""
    begun = False
    with opened() as stream:
        for member in BackupReader(stream, keyring=None).members():
            if member.name.startswith(beginning):
                begun = True
                if checked.members.get(member.name) != sized_digest(member):
                    raise TamperedError("The backup changed while it was read.")
                yield member
            elif begun:
                return


def _compare_blobs(conn: Connection, found: Mapping[str, bytes]) -> tuple[str, ...]:
    without = []
    for one in alive_objects(conn):
        digest = found.get(one.blob or "")
        if digest is None:
            without.append(one.id)
        elif digest != one.blob_sha256:
            raise TamperedError("A blob of the backup is not the one that was sealed.")
    return tuple(without)


def _lines(member: Member) -> tuple[Sequence[str], list[bytes]]:
    head, _, rest = member.data.partition(b"\n")
    columns = decoded(head)
    if not columns or not all(isinstance(column, str) for column in columns):
        raise TamperedError("A table of the backup does not name its columns.")
    return columns, rest.splitlines()
