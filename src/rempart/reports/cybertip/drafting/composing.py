"""The document that follows from the facts by itself: what is known, where it belongs; nothing that people judge.

The type of the incident, annotations and classes are left open: people choose them, from what `suggesting` offers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from rempart.reports.cybertip.document.checking import problems
from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.document.problems import Problem
from rempart.reports.cybertip.document.records import (
    CyberTip,
    FileDetails,
    FileHash,
    IncidentSummary,
    Internet,
    PersonReported,
    Relevance,
    Report,
    Reporter,
    WebPage,
)
from rempart.reports.cybertip.drafting.facts import Frozen, FrozenItem
from rempart.reports.cybertip.drafting.told import Told, told_of

ASKED_FIRST = "When the service first asked about the file; the upload itself may have been earlier."
_HASHES = {"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "pdq": "PDQ"}
_MOST_URLS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Who reports: what the operator has set. `may_classify`: it signed the industry's memorandum on classes; `edition`
    is that of the schema which the service has, and `schema` says what that refuses besides.
    """

    reporter: Reporter
    esp_service: str | None = None
    may_classify: bool = False
    edition: Edition = DEFAULT
    schema: Callable[[CyberTip], Iterable[Problem]] | None = None

    def problems(self, tip: CyberTip, *, now: datetime) -> tuple[Problem, ...]:
        """All that keeps a document from being sent in this house's name."""
        found = problems(tip, now=now, may_classify=self.may_classify, edition=self.edition)
        return found if found or self.schema is None else tuple(self.schema(tip))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A file that may be sent: which item it is, or None for what was attached, and where it lies in the vault."""

    item: int | None
    object: str
    size: int | None
    sha256: str | None
    md5: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A document, the files that it speaks of by their `ref`, and keys of the context that could not be read."""

    tip: CyberTip
    held: Mapping[str, Held]
    unread: tuple[str, ...] = ()


def compose(frozen: Frozen, house: House, *, refs: Iterable[str]) -> Composed:
    """The document of one account. `refs` are ids for files, as many as may be needed, in order."""
    told = {one.number: told_of(one.context) for one in frozen.items}
    names = iter(refs)
    details, held = [], {}
    for item in _to_send(frozen.items):
        ref = next(names)
        details.append(_file(ref, item, told[item.number]))
        assert item.object is not None
        held[ref] = Held(
            item=item.number, object=item.object, size=item.size, sha256=item.signals.get("sha256"),
            md5=item.signals.get("md5"),
        )  # fmt: skip
    report = Report(
        incident=_incident(frozen, told, house), reporter=house.reporter, internet=_internet(frozen),
        persons=_persons(frozen, told, house), additional_info=_said(frozen),
    )  # fmt: skip
    unread = tuple(dict.fromkeys(name for one in told.values() for name in one.unread))
    return Composed(tip=CyberTip(report=report, files=tuple(details)), held=held, unread=unread)


def _to_send(items: Iterable[FrozenItem]) -> list[FrozenItem]:
    """The items whose bytes are kept, each of the same bytes once."""
    found: dict[str, FrozenItem] = {}
    for one in items:
        if one.object is not None:
            found.setdefault(one.signals.get("sha256", one.object), one)
    return list(found.values())


def _incident(frozen: Frozen, told: Mapping[int, Told], house: House) -> IncidentSummary:
    at: datetime | None = None
    described = None
    for item in frozen.items:
        uploaded = told[item.number].uploaded
        moment = uploaded or item.asked
        if at is None or moment > at:
            at, described = moment, None if uploaded else ASKED_FIRST
    return IncidentSummary(at=at, time_description=described, platform=house.esp_service or frozen.service)


def _internet(frozen: Frozen) -> tuple[Internet, ...]:
    urls = [*(one.url for one in frozen.items), *(one.url for one in frozen.facts)]
    kept = tuple(dict.fromkeys(one for one in urls if one))[:_MOST_URLS]
    return (WebPage(urls=kept),) if kept else ()


def _persons(frozen: Frozen, told: Mapping[int, Told], house: House) -> tuple[PersonReported, ...]:
    if frozen.account is None:
        return ()
    found = next((one.person for one in told.values() if one.person is not None), None) or PersonReported()
    seen = [one.person.ip_events for one in told.values() if one.person is not None]
    events = (*(event for some in seen for event in some), *(one.ip_event for one in told.values() if one.ip_event))
    linked = [one.uploader for one in frozen.facts if one.uploader]
    said = "Linked accounts, as the service calls them: " + ", ".join(dict.fromkeys(linked)) if linked else None
    return (
        replace(
            found, esp_identifier=frozen.account.uploader, esp_service=house.esp_service or frozen.account.service,
            ip_events=tuple(dict.fromkeys(events)),
            devices=tuple(dict.fromkeys(one.device for one in told.values() if one.device is not None)),
            additional_info=said,
        ),
    )  # fmt: skip


def _file(ref: str, item: FrozenItem, told: Told) -> FileDetails:
    kinds = (kind for kind in _HASHES if kind in item.signals)
    return FileDetails(
        ref=ref, original_name=told.file_name, uploaded_at=told.uploaded, location=item.url,
        publicly_available=True if item.published else None, relevance=Relevance.REPORTED,
        hashes=tuple(FileHash(type=_HASHES[kind], value=item.signals[kind]) for kind in kinds),
        ip_event=told.ip_event, devices=(told.device,) if told.device else (),
        additional_info=(f"The service's own id of it: {item.item_id}",),
    )  # fmt: skip


def _said(frozen: Frozen) -> str | None:
    """What was said of an account, the digests of files that were never kept, and how much is not listed."""
    lines = [f"{one.kind.replace('_', ' ').capitalize()}: {one.text}" for one in frozen.facts if one.text]
    sent = {one.signals["sha256"] for one in frozen.items if one.object is not None and "sha256" in one.signals}
    unkept = [one for one in frozen.items if one.object is None and one.signals.get("sha256") not in sent]
    digests = (f"{_HASHES[kind]} {one.signals[kind]}" for one in unkept for kind in _HASHES if kind in one.signals)
    if listed := list(dict.fromkeys(digests)):
        lines += ["Digests of files as they were uploaded; the files themselves were not kept:", *listed]
    if frozen.more:
        lines.append(f"There are {frozen.more} more items of the same bytes, which this report does not list.")
    return "\n".join(lines) or None
