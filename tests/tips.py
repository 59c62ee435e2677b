"""Documents of reports as hypothesis makes them: the whole tree of records, every one such as may be sent."""

import types
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from rempart.reports.cybertip.document import records
from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.document.places import COUNTRIES, STATES
from rempart.reports.cybertip.document.records import (
    BatchReason,
    CyberTip,
    Email,
    FileAnnotation,
    FileDetails,
    IncidentSummary,
    IncidentType,
    LawEnforcement,
    Person,
    PersonReported,
    Relevance,
    Report,
    ReportAnnotation,
    Reporter,
    Victim,
)
from rempart.reports.cybertip.document.shapes import Variant

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\n\t\r"),
    min_size=1,
    max_size=10,
).filter(lambda text: text.strip() and not any(ord(one) & 0xFFFE == 0xFFFE for one in text))  # fmt: skip
URLS = st.sampled_from(("https://a.example/x?y=z&w=1#é", "http://[2001:db8::1]:8080/", "app://host/a%20b"))
ADDRESSES = st.ip_addresses().map(str)
PAST = st.datetimes(
    min_value=datetime(1995, 1, 1),  # noqa: DTZ001 the zone is drawn apart
    max_value=datetime(2026, 11, 20),  # noqa: DTZ001
    timezones=st.sampled_from((UTC, timezone(timedelta(hours=13)), timezone(timedelta(minutes=-210)))),
)  # fmt: skip
BORN = st.dates(min_value=date(1900, 1, 1), max_value=date(2026, 11, 20))
NUMBERS = st.integers(1, 2**63 - 1)
# What a field holds where its type does not say it: by record and field, or by field alone.
HELD: dict[str, st.SearchStrategy[Any]] = {
    "IpEvent.address": ADDRESSES, "IpEvent.port": st.integers(1, 65535), "Phone.calling_code": st.from_regex(
        r"\+[0-9]{1,3}", fullmatch=True), "Phone.extension": st.from_regex(r"[0-9]{1,10}", fullmatch=True),
    "Address.state": st.sampled_from(STATES), "country": st.sampled_from(COUNTRIES), "age": st.integers(0, 150),
    "latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180), "prior_reports": st.lists(NUMBERS, max_size=2),
    "legal_url": URLS, "location": URLS, "urls": st.lists(URLS, max_size=2), "profile_urls": st.lists(URLS, max_size=2),
    "batched_reason": st.none(), "FileDetails.ref": st.just(""),
}  # fmt: skip
EDITED = {"age_discrepancy": Variant.AGE_DISCREPANCY, "file_name": Variant.FILE_NAME}
TAGS = {
    ReportAnnotation.INFORMATIONAL: Variant.INFORMATIONAL,
    ReportAnnotation.AGGRAVATING_FACTORS: Variant.AGGRAVATING_FACTORS,
    ReportAnnotation.INSTRUMENTAL_USE: Variant.INSTRUMENTAL_USE,
}
NEEDED = {(IncidentSummary, "type"), (IncidentSummary, "at"), (LawEnforcement, "agency"), (Victim, "person")}


@cache
def any_of(kind: type, edition: Edition = DEFAULT) -> st.SearchStrategy[Any]:
    """Any record of a kind, its fields alone; rules between fields are seen to by `tips`."""
    hints = get_type_hints(kind)
    parts = {}
    for field in fields(kind):
        variant = EDITED.get(field.name)
        if variant is not None and variant not in edition.has:
            continue
        parts[field.name] = _field(kind, field.name, hints[field.name], edition)
    return st.builds(kind, **parts)


def _field(kind: type, name: str, hint: Any, edition: Edition) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(hint), get_args(hint)
    optional = origin in (types.UnionType, Union) and type(None) in inner
    held = HELD.get(f"{kind.__name__}.{name}", HELD.get(name))
    if held is not None and name == "location" and kind is not FileDetails:
        held = None
    if held is not None:
        held = held.map(tuple) if origin is tuple else held
    else:
        held = _typed(next(one for one in inner if one is not type(None)) if optional else hint, edition)
    return st.none() | held if optional and (kind, name) not in NEEDED else held


def _typed(hint: Any, edition: Edition) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple:
        least = 1 if inner[0] is records.NameValue else 0
        return st.lists(_typed(inner[0], edition), min_size=least, max_size=2).map(tuple)
    if origin is frozenset:
        words = [one for one in inner[0] if TAGS.get(one) is None or TAGS[one] in edition.has]
        return st.frozensets(st.sampled_from(words))
    if origin in (types.UnionType, Union):
        return st.one_of(*(_typed(one, edition) for one in inner))
    if is_dataclass(hint):
        return st.deferred(lambda: any_of(hint, edition))
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return {str: TEXTS, bool: st.booleans(), int: st.integers(0, 150), datetime: PAST, date: BORN}[hint]


REPORTER_EMAIL = Email(value="safety@service.example")


@st.composite
def tips(draw: st.DrawFn, edition: Edition = DEFAULT) -> CyberTip:
    """A whole document that may be sent: alone, or now and then a batch."""
    if draw(st.integers(0, 9)) == 9:
        return draw(batches(edition))
    report: Report = draw(any_of(Report, edition))
    who = report.reporter.person
    reporter = replace(report.reporter, person=replace(who, emails=(*who.emails, REPORTER_EMAIL)))
    report = replace(report, reporter=reporter, persons=report.persons[:1])
    return CyberTip(report=report, files=tuple(draw(st.lists(files(edition), max_size=2))))


@st.composite
def batches(draw: st.DrawFn, edition: Edition = DEFAULT) -> CyberTip:
    """Many persons by their identifier alone, and one file."""
    summary = replace(draw(any_of(IncidentSummary, edition)), escalate=None)
    named = st.builds(PersonReported, esp_identifier=TEXTS)
    report = Report(
        batched_reason=BatchReason.VIRAL_POTENTIAL_MEME, incident=summary,
        reporter=Reporter(person=Person(emails=(REPORTER_EMAIL,))),
        persons=tuple(draw(st.lists(named, min_size=1, max_size=4))),
    )  # fmt: skip
    return CyberTip(report=report, files=(draw(files(edition)),))


@st.composite
def files(draw: st.DrawFn, edition: Edition = DEFAULT) -> FileDetails:
    """The details of one file, by the rules of what was viewed and of what only adds."""
    file: FileDetails = draw(any_of(FileDetails, edition))
    if file.exif_viewed:
        file = replace(file, viewed=True)
    if file.annotations:
        file = replace(file, potential_meme=None)
    if file.relevance is Relevance.SUPPLEMENTAL:
        left = file.annotations - {FileAnnotation.POTENTIAL_MEME}
        file = replace(file, classification=None, potential_meme=None, annotations=left)
    return file


def small(**changed: Any) -> CyberTip:
    """The smallest document that may be sent; `changed` are fields of the report."""
    report = Report(
        incident=IncidentSummary(type=IncidentType.IMAGES, at=NOW - timedelta(days=1)),
        reporter=Reporter(person=Person(emails=(REPORTER_EMAIL,))),
    )  # fmt: skip
    return CyberTip(report=replace(report, **changed))
