"""What a service knows of an account and supplies when it is asked: read, checked, sealed, and put into the draft.

What a service supplies again takes the place of what it supplied before. What people wrote meanwhile stays: only a
field that still says what followed from the facts alone takes what is new.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.work.queue import visible_among
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.vault import Keyring
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.document.problems import Reason
from rempart.reports.cybertip.document.records import (
    CyberTip,
    FileDetails,
    Internet,
    PersonReported,
    Recipient,
    Report,
    Victim,
)
from rempart.reports.cybertip.document.storing import read, written
from rempart.reports.cybertip.drafting.composing import House, compose
from rempart.reports.cybertip.drafting.editing import save
from rempart.reports.cybertip.drafting.facts import Frozen
from rempart.reports.cybertip.drafting.holding import Draft, draft_of, frozen_of
from rempart.reports.cybertip.records import reports, subjects
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.records.subjects import SubjectRow
from rempart.reports.cybertip.values import EDITABLE
from rempart.store.ids import new_id

MOST_BYTES = 256 << 10
MOST_EVENTS = 500
"""Addresses of the network, and devices, of one account."""
_OF_FILE = ("original_name", "uploaded_at", "location", "publicly_available", "ip_event", "devices", "additional_info")
_OURS = ("prior_reports", "esp_identifier")
_PARTS = frozenset({"person", "recipients", "victims", "internet", "files"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What a service supplied: the account, whom it was meant for, victims, places, and more of some of its items."""

    person: PersonReported | None = None
    recipients: tuple[Recipient, ...] = ()
    victims: tuple[Victim, ...] = ()
    internet: tuple[Internet, ...] = ()
    files: Mapping[str, Mapping[str, Any]]


def read_supply(told: Mapping[str, Any]) -> Supply:
    """Read what came as JSON. RefusedError names the place of what does not fit."""
    if unknown := sorted(told.keys() - _PARTS):
        raise RefusedError(f"{unknown[0]}: there is no such part.", hint="Known: " + ", ".join(sorted(_PARTS)))
    lists = {name: told.get(name, []) for name in ("recipients", "victims", "internet")}
    whole = read(Report, {"incident": {}, "reporter": {"person": {}}, **lists})
    person = None if told.get("person") is None else read(PersonReported, told["person"], place="person")
    for one in (*([person] if person else []), *whole.recipients, *whole.victims):
        if any(getattr(one, name) for name in _OURS if name != "esp_identifier" or one is person):
            raise RefusedError("The account's identifier and earlier reports are known here.", hint="Leave them out.")
        if len(one.ip_events) + len(one.devices) > MOST_EVENTS:
            raise RefusedError(f"At most {MOST_EVENTS} addresses and devices.", hint="Give the youngest.")
    return Supply(
        person=person, recipients=whole.recipients, victims=whole.victims, internet=whole.internet,
        files=_files(told.get("files", [])),
    )  # fmt: skip


def supply(
    conn: Connection,
    report_id: str,
    told: Mapping[str, Any],
    *,
    by: Principal,
    at: datetime,
    keyring: Keyring,
    house: House,
) -> ReportRow:
    """Take what a service supplies for a draft about an account of its own.

    A question that was asked about the draft is taken back, unless nothing changed. Raises NotPermittedError,
    NotFoundError, ConflictError once the report was confirmed, and RefusedError with the place of what is wrong; then
    nothing has changed.
    """
    row = own_report(conn, report_id, by, lock=True)
    if row.state not in EDITABLE:
        raise ConflictError("Nothing more can be added to this report.", hint="It was confirmed, or withdrawn.")
    found = read_supply(told)
    before = subjects.of_report(conn, row.id)
    if before and _opened(before[-1], keyring=keyring) == dict(told):
        return row
    frozen, draft = frozen_of(row, keyring=keyring), draft_of(row, keyring=keyring)
    new = with_supply(draft, frozen, found, house=house)
    _right(new.auto, at=at, house=house)
    subjects.forget(conn, row.id)
    supply_id = new_id("supply")
    sealed = sealing.seal(told, name=sealing.SUPPLIED, of=supply_id, keyring=keyring)
    subjects.add(conn, SubjectRow(id=supply_id, report=row.id, service=row.service or "", at=at, by=by.pseudonym,
                                  sealed=sealed))  # fmt: skip
    return save(conn, row, new, action="report.supplied", by=by, at=at, keyring=keyring)


def own_report(conn: Connection, report_id: str, by: Principal, *, lock: bool = False) -> ReportRow:
    """A report about an account or items of a service's own. Raises NotPermittedError, and NotFoundError also where it
    is another's or kept from whoever made the key."""
    if not by.may(Permission.REPORTS_SUPPLY) or by.service is None:
        raise NotPermittedError("This is for services.", hint="Use a key with the scope `reports`.")
    row = reports.find(conn, report_id, lock=lock)
    if row is None or row.service != by.service or not visible_among(conn, [row.case_id], by):
        raise NotFoundError("There is no such report.")
    return row


def wanted_of(
    conn: Connection, by: Principal, *, before: str | None = None, most: int
) -> tuple[tuple[ReportRow, ...], str | None]:
    """Drafts for which a service may supply something, the youngest first, and what to ask for next."""
    if not by.may(Permission.REPORTS_SUPPLY) or by.service is None:
        raise NotPermittedError("This is for services.", hint="Use a key with the scope `reports`.")
    rows = reports.page(conn, most=most + 1, before=before, states=EDITABLE, service=by.service)
    page = rows[:most]
    seen = visible_among(conn, {one.case_id for one in page}, by)
    return tuple(one for one in page if one.case_id in seen), page[-1].id if len(rows) > most else None


def with_supply(draft: Draft, frozen: Frozen, found: Supply, *, house: House) -> Draft:
    """The draft with what was supplied, where people have not written something else."""
    kept = [one for one in draft.auto.files if draft.held[one.ref].item is not None]
    attached = tuple(one for one in draft.auto.files if draft.held[one.ref].item is None)
    plain = compose(frozen, house, refs=iter([one.ref for one in kept]))
    numbers = {one.item_id: one.number for one in frozen.items}
    of_item = {one.item: ref for ref, one in plain.held.items()}
    unknown = sorted(name for name in found.files if name not in numbers)
    if unknown:
        raise RefusedError("files: an item is named that this report is not about.", hint="Look at its items.")
    more = {of_item[numbers[name]]: told for name, told in found.files.items() if numbers[name] in of_item}
    files = tuple(_with(one, more.get(one.ref, {})) for one in plain.tip.files)
    report = replace(
        plain.tip.report, persons=_persons(plain.tip.report.persons, found.person), recipients=found.recipients,
        victims=found.victims, internet=found.internet or plain.tip.report.internet,
    )  # fmt: skip
    auto = CyberTip(report=report, files=(*files, *attached))
    tip = read(CyberTip, _merged(written(draft.auto), written(draft.tip), written(auto)))
    return replace(draft, tip=tip, auto=auto, asked=None)


def _persons(known: Sequence[PersonReported], told: PersonReported | None) -> tuple[PersonReported, ...]:
    if told is None or not known:
        return tuple(known)
    own = known[0]
    values = {one.name: getattr(told, one.name) or getattr(own, one.name) for one in fields(PersonReported)}
    values["ip_events"] = tuple(dict.fromkeys((*told.ip_events, *own.ip_events)))
    values["devices"] = tuple(dict.fromkeys((*told.devices, *own.devices)))
    values["esp_identifier"] = own.esp_identifier
    return (PersonReported(**values),)


def _with(file: FileDetails, told: Mapping[str, Any]) -> FileDetails:
    return replace(file, **told) if told else file


def _files(told: Any) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(told, list):
        raise RefusedError("files: a list is needed.")
    found: dict[str, Mapping[str, Any]] = {}
    for number, one in enumerate(told, 1):
        place = f"files[{number}]"
        if not isinstance(one, dict) or not isinstance(one.get("item_id"), str):
            raise RefusedError(f"{place}: an object with the item's own id (item_id) is needed.")
        rest = {name: value for name, value in one.items() if name != "item_id"}
        if unknown := sorted(rest.keys() - set(_OF_FILE)):
            raise RefusedError(f"{place}.{unknown[0]}: this is not supplied.", hint="Known: " + ", ".join(_OF_FILE))
        details = read(FileDetails, rest, place=place)
        found[one["item_id"]] = {name: getattr(details, name) for name in rest}
    return found


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    """What people wrote where they wrote something, else what is new; objects by their fields, files by their ref."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and isinstance(base, dict):
        names = {*ours, *theirs}
        merged = {name: _merged(base.get(name), ours.get(name), theirs.get(name)) for name in names}
        return {name: value for name, value in merged.items() if value is not None}
    if _are_files(ours) and _are_files(theirs):
        before, new = ({one["ref"]: one for one in some} for some in (base or [], theirs))
        return [_merged(before.get(one["ref"], {}), one, new.get(one["ref"], one)) for one in ours]
    lists = [one for one in (base, ours, theirs) if isinstance(one, list) and len(one) == 1]
    if len(lists) == 3:  # of one person, or of one place, by its fields
        return [_merged(*(one[0] for one in lists))]
    return theirs if ours == base else ours


def _are_files(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(one, dict) and "ref" in one for one in found)


def _right(auto: CyberTip, *, at: datetime, house: House) -> None:
    """What a service supplied is right in itself; what is missing others may still fill in."""
    for one in house.problems(auto, now=at):
        if one.reason not in (Reason.MISSING, Reason.REPORTER_EMAIL, Reason.SCHEMA):
            raise RefusedError(f"{one.field or one.where}: {one.error}", hint="Correct it and send it again.")


def _opened(row: SubjectRow, *, keyring: Keyring) -> Any:
    assert row.sealed is not None
    return json.loads(json.dumps(sealing.opened(row.sealed, name=sealing.SUPPLIED, of=row.id, keyring=keyring)))
