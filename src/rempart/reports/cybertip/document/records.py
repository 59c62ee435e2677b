"""The document of a CyberTipline report as frozen records: everything that can be said, in the words of this house.

A draft may lack what is needed; `checking.problems` says what, and `writing` turns a record into the XML that is sent.
Text that is not there is None, never blank. Times are aware; they are written in UTC. What others need of the parts is
named here too, so that one import is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rempart.reports.cybertip.document.internet import (
    CellPhone,
    Chat,
    EmailIncident,
    Gaming,
    Internet,
    Newsgroup,
    NonInternet,
    PeerToPeer,
    WebPage,
)
from rempart.reports.cybertip.document.people import (
    Account,
    Address,
    AssociatedAccount,
    ContactPerson,
    Device,
    Email,
    EstimatedLocation,
    IpEvent,
    PermanentlyDisabled,
    Person,
    PersonReported,
    Phone,
    Platform,
    Recipient,
    TemporarilyDisabled,
    Victim,
)
from rempart.reports.cybertip.document.vocabulary import (
    AccountType,
    AddressType,
    BatchReason,
    Classification,
    EmailType,
    EventName,
    FileAnnotation,
    IncidentType,
    MetadataKind,
    PhoneType,
    Relevance,
    ReportAnnotation,
)

__all__ = [
    "Account", "AccountType", "Address", "AddressType", "AssociatedAccount", "BatchReason", "CellPhone", "Chat",
    "Classification", "ContactPerson", "CyberTip", "Device", "Email", "EmailIncident", "EmailType",
    "EstimatedLocation", "EventName", "FileAnnotation", "FileDetails", "FileHash", "Gaming", "IncidentSummary",
    "IncidentType", "Internet", "IpEvent", "LawEnforcement", "LegalProcess", "Metadata", "MetadataKind", "NameValue",
    "Newsgroup", "NonInternet", "PeerToPeer", "PermanentlyDisabled", "Person", "PersonReported", "Phone", "PhoneType",
    "Platform", "Recipient", "Relevance", "Report", "ReportAnnotation", "Reporter", "TemporarilyDisabled", "Victim",
    "WebPage",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSummary:
    """What happened, and when. `escalate` is the reason for high priority; that it is there escalates."""

    type: IncidentType | None = None
    at: datetime | None = None
    platform: str | None = None
    escalate: str | None = None
    annotations: frozenset[ReportAnnotation] = frozenset()
    time_description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalProcess:
    """Legal process from another country, which `country` names."""

    value: bool = True
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawEnforcement:
    """Law enforcement that knows of the incident already."""

    agency: str | None = None
    case_number: str | None = None
    officer: ContactPerson | None = None
    reported: bool | None = None
    served_domestic: bool | None = None
    served_international: LegalProcess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who reports: a person of the company, whose e-mail is needed, and what the company says in every report."""

    person: Person
    contact: ContactPerson | None = None
    company_template: str | None = None
    terms_of_service: str | None = None
    legal_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report itself, without its files. More than one person is reported only in a batch."""

    incident: IncidentSummary
    reporter: Reporter
    batched_reason: BatchReason | None = None
    internet: tuple[Internet, ...] = ()
    law_enforcement: LawEnforcement | None = None
    persons: tuple[PersonReported, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    victims: tuple[Victim, ...] = ()
    additional_info: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHash:
    """A digest of a file as it was uploaded; `type` is free text such as MD5 or PDQ."""

    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameValue:
    """A name and a value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Names and values that a file holds or that were found about it."""

    pairs: tuple[NameValue, ...]
    kind: MetadataKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDetails:
    """One file of a report. `ref` is this house's own name of it (a `rfile_…` id) and is never sent.

    `viewed` and `exif_viewed` say what people of this company saw: they come from logged reveals, never from a person's
    word or a constant.
    """

    ref: str = ""
    file_name: str | None = None
    original_name: str | None = None
    uploaded_at: datetime | None = None
    location: str | None = None
    viewed: bool | None = None
    exif_viewed: bool | None = None
    publicly_available: bool | None = None
    relevance: Relevance | None = None
    potential_meme: bool | None = None
    annotations: frozenset[FileAnnotation] = frozenset()
    classification: Classification | None = None
    hashes: tuple[FileHash, ...] = ()
    ip_event: IpEvent | None = None
    devices: tuple[Device, ...] = ()
    metadata: tuple[Metadata, ...] = ()
    additional_info: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CyberTip:
    """A report and its files, in the order in which they are sent."""

    report: Report
    files: tuple[FileDetails, ...] = ()
