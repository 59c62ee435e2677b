"""The one rule table of a report and of its files: elements in order, how often, what they hold, and their attributes.

Writing, checking of records and checking of XML all walk this table. Incident type and time are the only content that
the law asks for; everything else may be left out, and what is there must fit. Names of elements are the service's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from rempart.reports.cybertip.document.internet import (
    CellPhone,
    Chat,
    EmailIncident,
    Gaming,
    Newsgroup,
    NonInternet,
    PeerToPeer,
    WebPage,
)
from rempart.reports.cybertip.document.records import (
    FileDetails,
    FileHash,
    IncidentSummary,
    LawEnforcement,
    LegalProcess,
    Metadata,
    NameValue,
    Report,
    Reporter,
)
from rempart.reports.cybertip.document.shapes import Attribute, Child, Order, Shape, Variant
from rempart.reports.cybertip.document.table_people import (
    ADDRESS,
    CONTACT_PERSON,
    COUNTRY,
    DEVICES,
    EMAIL,
    FLAG,
    INFO,
    IP_EVENT,
    IP_EVENTS,
    NUMBER,
    PAST,
    PERSON,
    PERSON_REPORTED,
    PHONE,
    RECIPIENT,
    TEXT,
    URL,
    VICTIM,
    several,
    short,
)
from rempart.reports.cybertip.document.values import Kind, Value
from rempart.reports.cybertip.document.vocabulary import (
    BatchReason,
    Classification,
    FileAnnotation,
    IncidentType,
    MetadataKind,
    Relevance,
    ReportAnnotation,
)

_NOT_EVERYWHERE = {
    ReportAnnotation.INFORMATIONAL: Variant.INFORMATIONAL,
    ReportAnnotation.AGGRAVATING_FACTORS: Variant.AGGRAVATING_FACTORS,
    ReportAnnotation.INSTRUMENTAL_USE: Variant.INSTRUMENTAL_USE,
}


def _tags(words: type[StrEnum], when: Mapping[Any, Variant]) -> Shape:
    children = (
        Child(name=word.value, field=word.value, of=Value(kind=Kind.TAG), when=when.get(word)) for word in words
    )
    return Shape(order=Order.TAGS, children=tuple(children))


_CONTENT = Child(name="content", field="content", of=TEXT)
_EMAILS = several("emailAddress", "emails", EMAIL)

INTERNET = Shape(
    order=Order.CHOICE,
    children=(
        Child(name="webPageIncident", field="", of=Shape(
            record=WebPage, children=(several("url", "urls", URL), INFO),
            attributes=(Attribute(name="thirdPartyHostedContent", field="third_party", value=FLAG),),
        )),
        Child(name="emailIncident", field="", of=Shape(record=EmailIncident, children=(_EMAILS, _CONTENT, INFO))),
        Child(name="newsgroupIncident", field="", of=Shape(record=Newsgroup, children=(
            Child(name="name", field="name", of=short(255)), _EMAILS, _CONTENT, INFO,
        ))),
        Child(name="chatImIncident", field="", of=Shape(record=Chat, children=(
            Child(name="chatClient", field="client", of=short(255)),
            Child(name="chatRoomName", field="room", of=short(255)), _CONTENT, INFO,
        ))),
        Child(name="onlineGamingIncident", field="", of=Shape(record=Gaming, children=(
            Child(name="gameName", field="game", of=short(255)),
            Child(name="console", field="console", of=short(255)), _CONTENT, INFO,
        ))),
        Child(name="cellPhoneIncident", field="", of=Shape(record=CellPhone, children=(
            Child(name="phoneNumber", field="phone", of=PHONE),
            Child(name="latitude", field="latitude", of=Value(kind=Kind.NUMBER, least=-90, greatest=90)),
            Child(name="longitude", field="longitude", of=Value(kind=Kind.NUMBER, least=-180, greatest=180)), INFO,
        ))),
        Child(name="nonInternetIncident", field="", of=Shape(record=NonInternet, children=(
            Child(name="locationName", field="place", of=short(255)),
            several("incidentAddress", "addresses", ADDRESS), INFO,
        ))),
        Child(name="peer2peerIncident", field="", of=Shape(record=PeerToPeer, children=(
            Child(name="client", field="client", of=short(255)), IP_EVENTS,
            Child(name="fileNames", field="file_names", of=TEXT), INFO,
        ))),
    ),
)  # fmt: skip

INCIDENT = Shape(
    record=IncidentSummary,
    children=(
        Child(name="incidentType", field="type", of=Value(among=tuple(IncidentType)), least=1),
        Child(name="platform", field="platform", of=short(256)),
        Child(name="escalateToHighPriority", field="escalate", of=short(3000)),
        Child(name="reportAnnotations", field="annotations", of=_tags(ReportAnnotation, _NOT_EVERYWHERE)),
        Child(name="incidentDateTime", field="at", of=PAST, least=1),
        Child(name="incidentDateTimeDescription", field="time_description", of=short(3000)),
    ),
)

_PROCESS = Shape(
    record=LegalProcess, text=FLAG,
    attributes=(Attribute(name="fleaCountry", field="country", value=COUNTRY,
                          when=Variant.PROCESS_COUNTRY, otherwise=Variant.AGENCY_COUNTRY),),
)  # fmt: skip
LAW_ENFORCEMENT = Shape(
    record=LawEnforcement,
    attributes=(Attribute(name="fleaCountry", field="served_international.country", value=COUNTRY,
                          when=Variant.AGENCY_COUNTRY, otherwise=Variant.PROCESS_COUNTRY),),
    children=(
        Child(name="agencyName", field="agency", of=short(255), least=1),
        Child(name="caseNumber", field="case_number", of=short(100)),
        Child(name="officerContact", field="officer", of=CONTACT_PERSON),
        Child(name="reportedToLe", field="reported", of=FLAG),
        Child(name="servedLegalProcessDomestic", field="served_domestic", of=FLAG),
        Child(name="servedLegalProcessInternational", field="served_international", of=_PROCESS),
    ),
)  # fmt: skip

REPORTER = Shape(
    record=Reporter,
    children=(
        Child(name="reportingPerson", field="person", of=PERSON, least=1),
        Child(name="contactPerson", field="contact", of=CONTACT_PERSON),
        Child(name="companyTemplate", field="company_template", of=TEXT),
        Child(name="termsOfService", field="terms_of_service", of=TEXT),
        Child(name="legalURL", field="legal_url", of=URL),
    ),
)

_BATCHED = Shape(attributes=(Attribute(name="reason", field="", value=Value(among=tuple(BatchReason)), needed=True),))
REPORT = Shape(
    record=Report,
    children=(
        Child(name="batchedReport", field="batched_reason", of=_BATCHED),
        Child(name="incidentSummary", field="incident", of=INCIDENT, least=1),
        several("internetDetails", "internet", INTERNET),
        Child(name="lawEnforcement", field="law_enforcement", of=LAW_ENFORCEMENT),
        Child(name="reporter", field="reporter", of=REPORTER, least=1),
        several("personOrUserReported", "persons", PERSON_REPORTED),
        several("intendedRecipient", "recipients", RECIPIENT),
        several("victim", "victims", VICTIM),
        INFO,
    ),
)

_PAIR = Shape(
    record=NameValue,
    attributes=(Attribute(name="type", field="^kind", value=Value(among=tuple(MetadataKind)),
                          when=Variant.PAIR_TYPE, otherwise=Variant.DETAILS_TYPE),),
    children=(
        Child(name="name", field="name", of=short(64), least=1),
        Child(name="value", field="value", of=Value(blank=True), least=1),
    ),
)  # fmt: skip
DETAILS = Shape(
    record=Metadata,
    attributes=(Attribute(name="type", field="kind", value=Value(among=tuple(MetadataKind)),
                          when=Variant.DETAILS_TYPE, otherwise=Variant.PAIR_TYPE),),
    children=(Child(name="nameValuePair", field="pairs", of=_PAIR, least=1, most=None),),
)  # fmt: skip
HASH = Shape(
    record=FileHash, text=TEXT, attributes=(Attribute(name="hashType", field="type", value=short(64), needed=True),)
)  # fmt: skip
FILE = Shape(
    record=FileDetails,
    children=(
        Child(name="reportId", field="report_id", of=NUMBER, least=1),
        Child(name="fileId", field="file_id", of=short(255), least=1),
        Child(name="fileName", field="file_name", of=short(2056), when=Variant.FILE_NAME),
        Child(name="originalFileName", field="original_name", of=short(2056)),
        Child(name="uploadedToEspTimestamp", field="uploaded_at", of=PAST),
        Child(name="locationOfFile", field="location", of=URL),
        Child(name="fileViewedByEsp", field="viewed", of=FLAG),
        Child(name="exifViewedByEsp", field="exif_viewed", of=FLAG),
        Child(name="publiclyAvailable", field="publicly_available", of=FLAG),
        Child(name="fileRelevance", field="relevance", of=Value(among=tuple(Relevance))),
        Child(name="potentialMeme", field="potential_meme", of=FLAG, either="meme"),
        Child(name="fileAnnotations", field="annotations", of=_tags(FileAnnotation, {}), either="meme"),
        Child(name="industryClassification", field="classification", of=Value(among=tuple(Classification))),
        several("originalFileHash", "hashes", HASH),
        Child(name="ipCaptureEvent", field="ip_event", of=IP_EVENT),
        DEVICES,
        several("details", "metadata", DETAILS),
        several("additionalInfo", "additional_info", TEXT),
    ),
)
