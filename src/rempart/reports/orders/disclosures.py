"""The log of disclosures: whoever is handed something is written down here, in the transaction that lets it leave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import is_blind
from rempart.cases.records import cases
from rempart.cases.work.queue import hidden_among
from rempart.clock import iso
from rempart.errors import NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.orders import sealing
from rempart.reports.orders.records import disclosures as records
from rempart.reports.orders.records.disclosures import DisclosureRow
from rempart.reports.orders.values import CONTENT_FOR, Ground, RecipientClass, What
from rempart.store.ids import new_id

MOST = 100
_MOST_TEXT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Something that left: to whom, when, on which ground, and who let it. `second` is who seconded it; `single`:
    one person let it leave, where that is allowed."""

    id: str
    at: datetime
    subject: str
    order: str | None
    case_id: str | None
    recipient: str
    reference: str
    recipient_class: RecipientClass
    ground: Ground
    regime: str
    what: tuple[What, ...]
    by: str
    second: str | None
    single: bool


def log(
    conn: Connection,
    *,
    subject: str,
    recipient: str,
    recipient_class: RecipientClass,
    ground: Ground,
    what: Collection[What],
    by: Principal,
    at: datetime,
    keyring: Keyring,
    second: str | None = None,
    single: bool = False,
    regime: str = "",
    case_id: str | None = None,
    order: str | None = None,
    reference: str = "",
) -> str:
    """Write down that something was handed over, in the caller's transaction; gives the entry's id.

    `subject` is what left: `report:…`, `referral:…` or `order:…`; `regime` the law's id where there is one; `second`
    the pseudonym of who seconded it; `reference` the recipient's own. Recipient and reference are sealed.
    Raises RefusedError for content to whom no content may be given, for nothing, and for no recipient.
    """
    if not what or not recipient.strip():
        raise RefusedError("A disclosure says to whom and what.")
    if What.CONTENT in what and recipient_class not in CONTENT_FOR:
        raise RefusedError(
            "Content goes to the police, to NCMEC or under legal process, and to nobody else.",
            hint="Hand over locations and assessments.",
        )
    entry = new_id("disclosure")
    texts = {"recipient": recipient.strip()[:_MOST_TEXT], "reference": reference.strip()[:_MOST_TEXT]}
    words = sorted(one.value for one in set(what))
    row = DisclosureRow(
        id=entry, at=at, subject=subject, order=order, case_id=case_id, recipient_class=recipient_class.value,
        ground=ground.value, regime=regime, what=" ".join(words), by=by.pseudonym, second=second, single=single,
        sealed=sealing.sealed(texts, owner=entry, keyring=keyring),
    )  # fmt: skip
    records.add(conn, row)
    facts = {
        "disclosure": entry, "to": row.recipient_class, "ground": row.ground, "regime": regime, "what": words,
        "seconded": second is not None, "single": single,
    }  # fmt: skip
    leaf = Leaf(action="disclosure.made", actor=by.pseudonym, facts=facts, sealed=texts, subject=subject)
    append(conn, leaf, at=at)
    return entry


def listed(
    conn: Connection,
    who: Principal,
    *,
    keyring: Keyring,
    subject: str | None = None,
    order: str | None = None,
    case_id: str | None = None,
    since: datetime | None = None,
    before: tuple[datetime, str] | None = None,
    most: int = MOST,
) -> tuple[Disclosure, ...]:
    """What was handed over, the newest first: all, or of one subject, order or case. `before` is the moment and id of
    the last one of the page before.

    What belongs to a case is shown to whoever may know of the case; the rest to leads and auditors. Raises
    NotPermittedError for whoever reads neither orders nor reports, TamperedError.
    """
    rows = _rows(conn, who, subject=subject, order=order, case_id=case_id, since=since, before=before, most=most)
    return tuple(_shown(row, keyring=keyring) for row in _seen(conn, who, rows))


def page(
    conn: Connection, who: Principal, *, keyring: Keyring, before: str | None = None, most: int = 50
) -> tuple[tuple[Disclosure, ...], str | None]:
    """A page of the log, the newest first, and what is asked for as `before` to go on; None on the last page.

    Who sees fewer entries than there are gets full pages all the same. Raises as `listed`, and RefusedError for a
    `before` that no page gave.
    """
    place = None if before is None else place_of(before)
    found: list[Disclosure] = []
    more = True
    while more and len(found) <= most:
        rows = _rows(conn, who, before=place, most=most + 1)
        found += [_shown(row, keyring=keyring) for row in _seen(conn, who, rows)]
        more = len(rows) > most
        place = (rows[-1].at, rows[-1].id) if rows else None
    shown = tuple(found[:most])
    return shown, cursor(shown[-1].at, shown[-1].id) if len(found) > most else None


def cursor(at: datetime, name: str) -> str:
    """Where a page ends, as an address has it."""
    return f"{at.isoformat()}~{name}"


def place_of(text: str) -> tuple[datetime, str]:
    """What `cursor` wrote. Raises RefusedError."""
    moment, _, name = text.partition("~")
    try:
        found = datetime.fromisoformat(moment)
        iso(found)
    except ValueError as err:
        raise RefusedError("There is no such page.", hint="Start again at the first one.") from err
    if not 0 < len(name) <= 40:
        raise RefusedError("There is no such page.", hint="Start again at the first one.")
    return found, name


def made_for(conn: Connection, order: str, case_ids: Collection[str], *, since: datetime) -> bool:
    """Whether anything was handed over under an order, or of its cases since it came."""
    if records.find(conn, order=order, most=1):
        return True
    return bool(case_ids and records.find(conn, cases=case_ids, since=since, most=1))


def _rows(
    conn: Connection,
    who: Principal,
    *,
    subject: str | None = None,
    order: str | None = None,
    case_id: str | None = None,
    since: datetime | None = None,
    before: tuple[datetime, str] | None = None,
    most: int,
) -> Sequence[DisclosureRow]:
    if not (who.may(Permission.ORDERS_READ) or who.may(Permission.REPORTS_READ)):
        raise NotPermittedError("Who was given what is shown to leads, auditors and reviewers.")
    return records.find(
        conn, subject=subject, order=order, cases=None if case_id is None else [case_id], since=since, before=before,
        most=most,
    )  # fmt: skip


def _seen(conn: Connection, who: Principal, rows: Sequence[DisclosureRow]) -> list[DisclosureRow]:
    known = _known(conn, who, {row.case_id for row in rows if row.case_id is not None})
    everything = who.may(Permission.ORDERS_READ)
    return [row for row in rows if (everything if row.case_id is None else row.case_id in known)]


def _known(conn: Connection, who: Principal, names: Collection[str]) -> frozenset[str]:
    """Those cases that a person may know all of: seen, and not still to be judged by them."""
    seen = set(names) - hidden_among(conn, names, who)
    found = {name: cases.find(conn, name) for name in seen}
    return frozenset(name for name, case in found.items() if case is not None and not is_blind(conn, case, who))


def _shown(row: DisclosureRow, *, keyring: Keyring) -> Disclosure:
    texts = sealing.opened(row.sealed, owner=row.id, keyring=keyring)
    return Disclosure(
        id=row.id, at=row.at, subject=row.subject, order=row.order, case_id=row.case_id,
        recipient=texts.get("recipient", ""), reference=texts.get("reference", ""),
        recipient_class=RecipientClass(row.recipient_class), ground=Ground(row.ground), regime=row.regime,
        what=tuple(map(What, row.what.split())), by=row.by, second=row.second, single=row.single,
    )  # fmt: skip
