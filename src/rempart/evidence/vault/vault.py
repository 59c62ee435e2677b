"""The vault: bytes that are kept for a reason, encrypted before they touch a disk, gone when their key is gone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import (
    BlobMissingError,
    LegalHoldError,
    ObjectDestroyedError,
    RefusedError,
    RempartError,
    UnavailableError,
)
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import records, retention
from rempart.evidence.vault.custodians import Custodians
from rempart.evidence.vault.envelope import (
    CHUNK,
    new_object_key,
    open_pieces,
    open_stream,
    seal_pieces,
    seal_stream,
    sealed_size,
    unwrap_key,
    wrap_key,
)
from rempart.evidence.vault.keyring import Keyring
from rempart.evidence.vault.memory import plain_memory
from rempart.evidence.vault.records import Custody, SealedObject
from rempart.evidence.vault.sealing import Actor, Counted, Sealed, StreamOpened, steady
from rempart.store.blobs import Blobs
from rempart.store.engine import Store
from rempart.store.ids import new_id
from rempart.store.jobs import enqueue

RECORD_WITHIN = 30 * 60.0
"""Seconds after which sealed bytes that nobody recorded count as left behind."""
UNLINK = "vault.unlink"
"""The kind of job that deletes a destroyed object's blob."""


class Vault:
    """Seals, opens and destroys. Whoever holds the service key can open everything; the ledger shows who did."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        keyring: Keyring,
        clock: Clock,
        *,
        custodians: Custodians | None = None,
        duties: Collection[str] = (),
        elapsed: Callable[[], float] = steady,
    ) -> None:
        self.store = store
        self.blobs = blobs
        self.keyring = keyring
        self.clock = clock
        self.custodians = custodians or Custodians()
        self.duties = frozenset(duties)
        """The ids of the retention regimes that the operator switched on."""
        self.elapsed = elapsed

    def seal(self, data: bytes | bytearray | memoryview) -> Sealed:
        """Encrypt bytes and put them into the blob store, where they lie safely when this returns.

        Outside any transaction: it may wait for the disk or the network. Raises BlobStoreUnavailableError,
        StorageFullError, ServiceKeyMissingError, KeyServiceUnavailableError; then nothing is kept.
        """
        view = memoryview(data).cast("B")
        return self._put(lambda key, object_id: seal_pieces(view, key=key, object_id=object_id), Counted(view))

    def seal_stream(self, pieces: Iterable[bytes | memoryview]) -> Sealed:
        """The same for what comes in pieces and is too long for memory, which stays flat. It has half an hour."""
        count = Counted()
        return self._put(lambda key, object_id: seal_stream(count.over(pieces), key=key, object_id=object_id), count)

    def _put(self, sealing: Callable[[bytes, str], Iterator[bytes]], count: Counted) -> Sealed:
        service = self.keyring.active()
        object_id, key, blob = new_id("object"), new_object_key(), secrets.token_hex(16)
        started, digest = self.elapsed(), hashlib.sha256()
        self.blobs.put(blob, _digesting(sealing(key, object_id), digest))
        return Sealed(
            object_id=object_id,
            size=count.size,
            sha256=count.sha256,
            blob=blob,
            blob_size=sealed_size(count.size),
            blob_sha256=digest.digest(),
            key_id=service.id,
            wrap=wrap_key(key, service_key=service.secret, service_key_id=service.id, object_id=object_id),
            custodian_mark=self.custodians.mark,
            custodian_wrap=self.custodians.wrap(key, object_id=object_id),
            sealed_at=started,
        )

    def record(
        self,
        conn: Connection,
        sealed: Sealed,
        *,
        item: str | None,
        basis: str,
        media_type: str,
        by: Actor,
        keep_until: datetime | None = None,
        reference: str = "",
    ) -> str:
        """Make sealed bytes an object, in the transaction of the case or item they belong to; gives its id.

        `basis` and `reference` say why it is kept ("case" and the case's id), until a moment or (None) until `let_go`.
        Raises UnavailableError when it was sealed so long ago that it may have been swept: seal again; and when the
        keys cannot be read.
        """
        if self.elapsed() - sealed.sealed_at > RECORD_WITHIN or not self._has_key(sealed.key_id):
            raise UnavailableError(
                "These bytes were sealed too long ago, or under a key that is gone.", hint="Seal again."
            )
        at = self.clock()
        row = {name: getattr(sealed, name) for name in _SEALED_COLUMNS}
        row |= {"id": sealed.object_id, "created": at, "media_type": media_type, "item": item}
        records.add_object(conn, row)
        records.add_basis(conn, sealed.object_id, basis=basis, reference=reference, since=at, keep_until=keep_until)
        facts = {"basis": basis, "media_type": media_type}
        self._log(
            conn, "sealed", sealed.object_id, by=by, why=basis, at=at, facts=facts, sealed={"sha256": sealed.sha256}
        )
        return sealed.object_id

    @contextmanager
    def opened(self, object_id: str, *, purpose: str, by: Actor) -> Iterator[memoryview]:
        """The plaintext, read-only, for the length of the block; afterwards the memory is zeroed.

        That it is opened, by whom and what for is in the ledger before a byte is decrypted; a failure too.
        Outside any transaction. Raises RefusedError without a purpose or for an unknown object, ObjectDestroyedError,
        TamperedError, IncompleteError, BlobMissingError, UnavailableError.
        """
        found = self._opening(object_id, purpose=purpose, by=by)
        with plain_memory(found.size) as room:
            with self._telling_failure(object_id, purpose=purpose, by=by):
                open_pieces(self._blob(found), room, key=self.object_key(found), object_id=found.id)
            view = room.toreadonly()
            try:
                yield view
            finally:
                with suppress(BufferError):  # somebody kept a part of it: that will show zeroes
                    view.release()

    @contextmanager
    def open_stream(self, object_id: str, *, purpose: str, by: Actor) -> Iterator[StreamOpened]:
        """The plaintext in chunks of at most 1 MiB, read-only and each good until the next: memory stays flat.

        Logged as `opened`, which raises the same. Every chunk is authentic, but that the end is not missing is only
        known when the last chunk was taken: rely on nothing before that. It can be gone through once.
        """
        found = self._opening(object_id, purpose=purpose, by=by)
        with plain_memory(CHUNK) as room:
            with closing(self._chunks(found, room, purpose=purpose, by=by)) as chunks:
                yield StreamOpened(size=found.size, chunks=chunks)

    def _chunks(
        self, found: SealedObject, room: memoryview, *, purpose: str, by: Actor
    ) -> Generator[memoryview, None, None]:
        with self._telling_failure(found.id, purpose=purpose, by=by):
            key = self.object_key(found)
            yield from open_stream(self._blob(found), found.size, room, key=key, object_id=found.id)

    def _opening(self, object_id: str, *, purpose: str, by: Actor) -> SealedObject:
        if not purpose.strip():
            raise RefusedError("Evidence is opened for a purpose.", hint="Say which.")
        with self.store.write() as conn:
            found = self._found(conn, object_id)
            self._log(conn, "opened", object_id, by=by, why=purpose, at=self.clock(), sealed={"purpose": purpose})
        return found

    @contextmanager
    def _telling_failure(self, object_id: str, *, purpose: str, by: Actor) -> Iterator[None]:
        try:
            yield
        except RempartError as err:
            self._failed(object_id, err, purpose=purpose, by=by)
            raise

    def keep(
        self,
        conn: Connection,
        object_id: str,
        *,
        basis: str,
        reference: str = "",
        keep_until: datetime | None = None,
        by: Actor,
    ) -> None:
        """Add a reason to keep an object; the same reason again only ever lengthens."""
        at = self.clock()
        self._found(conn, object_id, lock=True)
        records.add_basis(conn, object_id, basis=basis, reference=reference, since=at, keep_until=keep_until)
        self._log(conn, "kept", object_id, by=by, why=basis, at=at, facts={"basis": basis})

    def oblige(
        self,
        conn: Connection,
        object_id: str,
        *,
        regime: str,
        triggered: datetime,
        by: Actor,
        reference: str = "",
        longer: timedelta = timedelta(0),
        reason: str = "",
    ) -> datetime | None:
        """Keep an object as long as a law asks, from what triggered it; None, and nothing is kept, when that regime is
        not switched on here. `longer` than the law asks needs a `reason`, which stays on record."""
        known = retention.regime(regime)
        if regime not in self.duties:
            return None
        until = known.keep_until(triggered, longer=longer, reason=reason)
        at = self.clock()
        self._found(conn, object_id, lock=True)
        records.add_basis(conn, object_id, basis=regime, reference=reference, since=at, keep_until=until)
        facts = {"basis": regime, "longer_days": longer.days}
        sealed = {"reason": reason} if reason else {}
        self._log(conn, "kept", object_id, by=by, why=reason or regime, at=at, facts=facts, sealed=sealed)
        return until

    def kept_for(
        self, conn: Connection, *, basis: str, reference: str, lacking: tuple[str, str] | None = None, most: int
    ) -> tuple[str, ...]:
        """Some of the objects that a reason keeps; only those that a second one (`lacking`) does not keep as well."""
        return records.kept_for(conn, basis=basis, reference=reference, lacking=lacking, most=most)

    def let_go(
        self, conn: Connection, *, basis: str, reference: str = "", object_id: str | None = None, by: Actor
    ) -> tuple[str, ...]:
        """End a reason, for one object or for all it kept (a case that was closed); gives the objects.

        An object without any reason left is destroyed by the next run of retention.
        """
        at = self.clock()
        touched = records.end_basis(conn, object_id=object_id, basis=basis, reference=reference, at=at)
        for one in touched:
            self._log(conn, "let_go", one, by=by, why=basis, at=at, facts={"basis": basis})
        return touched

    def hold(self, conn: Connection, object_id: str, *, reason: str, by: Actor, authority: str = "") -> str:
        """Place a legal hold: nothing destroys the object until it is released. Gives the hold's id."""
        if not reason.strip():
            raise RefusedError("A legal hold has a reason.", hint="Say which.")
        at, hold_id = self.clock(), new_id("hold")
        self._found(conn, object_id, lock=True)
        row = {"id": hold_id, "object": object_id, "reason": reason, "authority": authority, "placed": at}
        records.add_hold(conn, row | {"placed_by": by.pseudonym})
        facts = {"hold": hold_id}
        self._log(conn, "held", object_id, by=by, why=reason, at=at, facts=facts, sealed={"reason": reason})
        return hold_id

    def release(self, conn: Connection, hold_id: str, *, reason: str, by: Actor) -> None:
        """End a legal hold; other holds and reasons stand."""
        found = records.find_hold(conn, hold_id)
        if found is None or found.released is not None:
            raise RefusedError(
                "There is no such hold, or it was released before.", hint="`rempart vault status OBJECT`"
            )
        at = self.clock()
        records.end_hold(conn, hold_id, at=at, by=by.pseudonym)
        facts = {"hold": hold_id}
        self._log(conn, "released", found.object, by=by, why=reason, at=at, facts=facts, sealed={"reason": reason})

    def destroy(self, conn: Connection, object_id: str, *, reason: str, by: Actor, authority: str = "") -> bool:
        """Destroy an object: its keys are erased in this transaction, its blob is deleted soon after.

        What stays is a tombstone, in the table and in the ledger. False when it was destroyed before.
        Raises LegalHoldError while a hold stands, RefusedError for an unknown object.
        """
        found = records.find_object(conn, object_id, lock=True)
        if found is None:
            raise RefusedError("There is no such object in the vault.")
        if found.destroyed is not None:
            return False
        if records.holds_on(conn, object_id):
            raise LegalHoldError
        self._destroy(conn, found, reason=reason, by=by, authority=authority)
        return True

    def destroy_due(self, conn: Connection, object_id: str, *, by: Actor) -> bool:
        """Destroy an object that retention found without a reason, unless it has one again by now."""
        found = records.find_object(conn, object_id, lock=True)
        if found is None or found.destroyed is not None or records.is_kept(conn, object_id, now=self.clock()):
            return False
        self._destroy(conn, found, reason="retention", by=by, authority="")
        return True

    def status(self, conn: Connection) -> Mapping[str, int]:
        """Counts: objects, bytes, destroyed, held, due, blobs_to_delete."""
        return records.totals(conn)

    def custody(self, conn: Connection, object_id: str) -> tuple[Custody, ...]:
        """Who touched an object, when, why and with what result; oldest first."""
        return records.custody_of(conn, object_id)

    def _has_key(self, key_id: str) -> bool:
        try:
            return key_id in self.keyring.ids()
        except RempartError as err:
            # The operator's file, and nothing that whoever asks could mend.
            raise UnavailableError("The service key cannot be read now.") from err

    def _destroy(self, conn: Connection, found: SealedObject, *, reason: str, by: Actor, authority: str) -> None:
        at = self.clock()
        records.erase_keys(conn, found.id, at=at)
        enqueue(conn, UNLINK, {"object": found.id, "blob": found.blob}, now=at, key=f"{UNLINK}:{found.id}")
        sealed: dict[str, str | bytes] = {"reason": reason, "authority": authority}
        if found.sha256 is not None:
            sealed["sha256"] = found.sha256
        self._log(conn, "destroyed", found.id, by=by, why=reason, at=at, sealed=sealed)

    def _found(self, conn: Connection, object_id: str, *, lock: bool = False) -> SealedObject:
        found = records.find_object(conn, object_id, lock=lock)
        if found is None:
            raise RefusedError("There is no such object in the vault.")
        if found.destroyed is not None:
            raise ObjectDestroyedError
        return found

    def _blob(self, found: SealedObject) -> Iterator[bytes]:
        if found.blob is None:
            raise BlobMissingError
        try:
            yield from self.blobs.get(found.blob)
        except BlobMissingError:
            with self.store.read() as conn:
                self._found(conn, found.id)  # destroyed meanwhile: that is the reason, then
            raise

    def object_key(self, found: SealedObject) -> bytes:
        """An object's key, unwrapped. Raises ServiceKeyMissingError, TamperedError, ObjectDestroyedError."""
        if found.wrap is None or found.key_id is None:
            raise ObjectDestroyedError
        service = self.keyring.get(found.key_id)
        return unwrap_key(found.wrap, service_key=service.secret, service_key_id=service.id, object_id=found.id)

    def _failed(self, object_id: str, err: RempartError, *, purpose: str, by: Actor) -> None:
        result = type(err).__name__
        with self.store.write() as conn:
            facts, at = {"result": result}, self.clock()
            self._log(conn, "open_failed", object_id, by=by, why=purpose, at=at, facts=facts, result=result)

    def _log(
        self,
        conn: Connection,
        action: str,
        object_id: str,
        *,
        by: Actor,
        why: str,
        at: datetime,
        facts: Mapping[str, Any] | None = None,
        sealed: Mapping[str, str | bytes] | None = None,
        result: str = "done",
    ) -> None:
        """One step, in the custody log and in the ledger, in the caller's transaction."""
        records.log_custody(conn, object_id, Custody(at=at, who=by.pseudonym, action=action, why=why, result=result))
        told = {"object": object_id} | dict(facts or {})
        leaf = Leaf(action=f"vault.{action}", actor=by.pseudonym, facts=told, sealed=sealed or {}, subject=object_id)
        append(conn, leaf, at=at)


_SEALED_COLUMNS = (
    "size", "sha256", "blob", "blob_size", "blob_sha256", "key_id", "wrap", "custodian_mark", "custodian_wrap",
)  # fmt: skip


def _digesting(pieces: Iterator[bytes], digest: Any) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece
