"""Is an upload a part of a listed picture, or does it show one? Votes of features lead, geometry decides."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rempart.errors import BlobMissingError, CorruptFileError, ForeignFileError, ObjectDestroyedError, TamperedError
from rempart.evidence.vault import Vault
from rempart.lists.entry import Opinion
from rempart.lists.lookup import WHOLE, ListMatch
from rempart.lists.parts import records
from rempart.lists.parts.live import SHA256, LiveParts
from rempart.lists.parts.sealing import PartBox
from rempart.lists.parts.values import Looked
from rempart.people.principal import SYSTEM
from rempart.provenance.derivation.comparing import Comparison, Finding, Suspect
from rempart.provenance.derivation.sheetfile import read_sheet
from rempart.provenance.derivation.sheets import Sheet
from rempart.provenance.partial.making import Wanted, parts_of
from rempart.signals.outcome import Outcome
from rempart.signals.pool import WorkerPool
from rempart.signals.values import Likeness

log = logging.getLogger(__name__)

MOST_COMPARED = 3
PLAIN, MIRRORED = "parts", "parts-mirrored"
"""The probes of these matches: as the upload is, or as its mirror image."""
_PURPOSE = "compared with an upload that may show a part of it"
_NO_SHEET = (TamperedError, CorruptFileError, ForeignFileError, BlobMissingError, ObjectDestroyedError)


class PartFinder:
    """Looks for parts of listed pictures in uploads. Safe from several threads."""

    def __init__(self, vault: Vault, *, pool: WorkerPool, live: LiveParts) -> None:
        self._vault, self._pool, self.live = vault, pool, live
        self.looked = self.compared = 0

    def find(self, content: bytes | memoryview) -> Looked:
        """The listed pictures with which an upload shares content, as geometry shows.

        Every comparison opens the listed picture's sheet, which is logged. Where a lead could not be compared and no
        other is a match, the outcome says so. Raises UnavailableError when a worker, the database, the keys or the
        blobs are away.
        """
        self.looked += 1
        if not len(self.live):
            return Looked()
        asked = parts_of(self._pool, content, Wanted.ASKED)
        if asked.outcome is Outcome.NOT_MEDIA:
            return Looked()
        if asked.features is None:
            return Looked(outcome=asked.outcome)
        leads = self.live.candidates(asked.features)[:MOST_COMPARED]
        with self._vault.store.read() as conn:
            rows = records.live(conn, [one.number for one in leads]) if leads else {}
        if not rows:
            return Looked()
        made = parts_of(self._pool, content, Wanted.SHEET)
        if made.sheet is None:
            return Looked(outcome=made.outcome)
        suspect, found, could_not = Suspect(made.sheet), list[ListMatch](), False
        for row in (rows[one.number] for one in leads if one.number in rows):
            sheet = self._sheet(row)
            if sheet is None:
                could_not = True
                continue
            self.compared += 1
            shown = suspect.compare(sheet)
            if shown.finding is Finding.SHARED_CONTENT:
                found.append(_match(row, shown))
        return Looked(outcome=Outcome.UNREADABLE if could_not and not found else Outcome.OK, matches=tuple(found))

    def still(self, matches: Sequence[ListMatch]) -> tuple[ListMatch, ...]:
        """Those of some matches whose entry still answers lookups, with the mode that its list has now."""
        if not matches:
            return ()
        with self._vault.store.read() as conn:
            there = records.live_entries(conn, [one.entry_id for one in matches if one.entry_id is not None])
        return tuple(
            replace(one, mode=there[one.entry_id].mode)
            for one in matches
            if one.entry_id is not None and one.entry_id in there
        )

    def _sheet(self, row: Any) -> Sheet | None:
        try:
            of = PartBox(self._vault.keyring).open(row.features, number=row.number, ref=row.ref)[:SHA256]
            with self._vault.opened(row.object_id, purpose=_PURPOSE, by=SYSTEM) as view:
                return read_sheet(bytes(view), of=of)
        except _NO_SHEET as err:
            log.error("the sheet of a listed picture (row %d) cannot be used: %s", row.id, type(err).__name__)
            return None


def _match(row: Any, shown: Comparison) -> ListMatch:
    return ListMatch(
        list=row.name, ref=row.ref, signal_kind=Likeness.PARTS, distance=WHOLE,
        probe=MIRRORED if shown.mirrored else PLAIN, scheme=row.scheme, code=row.code, opinion=Opinion(row.opinion),
        facet=None, list_id=row.list_id, mode=row.mode, entry_id=row.entry,
    )  # fmt: skip
