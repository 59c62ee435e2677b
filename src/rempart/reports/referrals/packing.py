"""Making the package of a confirmed referral, and handing it over.

Here, and not only on the page, it is held that

1. whoever packs may prepare reports, and may know of the case;
2. the referral is confirmed: content by two people, or by one and marked *single*;
3. what is packed is what was confirmed, to the byte, for the recipients and keys that the settings name now;
4. no part goes to a recipient of a class that may not be given it (`writing.write_sealed`);
5. each content is opened for this purpose, on record, and is the one that was confirmed;
6. that a package was made is in the ledger before anybody has the file.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from sqlalchemy import Connection

from rempart.errors import ConflictError, TamperedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.vault import Vault
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.referrals import drafting, proving
from rempart.reports.referrals.recipients import Sender
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.records.referrals import PackageRow, ReferralRow
from rempart.reports.referrals.standing import referral_for
from rempart.reports.referrals.values import State
from rempart.reports.referrals.writing import write_sealed
from rempart.store.ids import new_id

_PACKED = frozenset({State.CONFIRMED, State.HANDED_OVER})


def pack(
    vault: Vault, referral: str, out: IO[bytes], who: Principal, *, sender: Sender, signer: Signer
) -> PackageRow:  # fmt: skip
    """Make a package and write it to `out`, outside any transaction. After an error `out` is not to be used.

    Raises NotPermittedError, NotFoundError, ConflictError for what is not confirmed or has changed since,
    TamperedError, ObjectDestroyedError, StorageFullError.
    """
    with vault.store.read() as conn:
        row, frozen = _held(conn, vault, referral, who, sender)  # 1, 2, 3

    @contextmanager
    def opened(object_id: str) -> Iterator[Iterable[memoryview]]:  # 5
        with vault.open_stream(object_id, purpose=f"referral: {referral}", by=who) as stream:
            yield stream

    def more() -> Iterator[tuple[str, bytes]]:
        with vault.store.read() as conn:
            yield from proving.custody(conn, frozen)
            yield from proving.proofs(conn, frozen)

    at = vault.clock()
    written = write_sealed(frozen, out, source=opened, more=more, signer=signer, made=at)  # 4
    package = PackageRow(
        id=new_id("package"), referral=row.id, at=at, by=who.pseudonym, size=written.size, digest=written.digest,
        manifest=written.manifest,
    )  # fmt: skip
    with vault.store.write() as conn:  # 6
        _held(conn, vault, referral, who, sender, lock=True)
        records.add_package(conn, package)
        facts = {"to": row.classes.split(), "content": row.content, "package": package.id}
        sealed = {"digest": written.digest, "manifest": written.manifest}
        leaf = Leaf(
            action="referral.packed", actor=who.pseudonym, facts=facts, sealed=sealed, subject=f"referral:{row.id}"
        )  # fmt: skip
        append(conn, leaf, at=at)
    return package


def _held(
    conn: Connection, vault: Vault, referral: str, who: Principal, sender: Sender, *, lock: bool = False
) -> tuple[ReferralRow, dict[str, Any]]:
    row, _ = referral_for(conn, referral, who, Permission.REPORTS_PREPARE, lock=lock)
    if row.state not in _PACKED or row.confirmed_by is None:
        raise ConflictError("This referral is not confirmed.", hint="Ask a second person to confirm it.")
    frozen = drafting.frozen_of(row, keyring=vault.keyring)
    if not hmac.compare_digest(drafting.digest_of(frozen), row.digest):
        raise TamperedError("What is stored of this referral is not what was confirmed.")
    drafting.held_good(frozen, sender)
    return row, frozen
