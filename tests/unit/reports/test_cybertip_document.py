"""Any document that the records can hold is written, checked, and stored as it is; and fits the service's own schema,
where a copy is there (`REMPART_CYBERTIP_XSD`)."""

import os
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.reports.cybertip.document import nodes, reading, records, storing
from rempart.reports.cybertip.document.checking import Root, problems, problems_of_xml
from rempart.reports.cybertip.document.editions import DEFAULT, MID_2026
from rempart.reports.cybertip.document.shapes import Child, Shape
from rempart.reports.cybertip.document.table import FILE, REPORT
from rempart.reports.cybertip.document.writing import file_xml, report_xml
from tips import NOW, any_of, files, small, tips
from tipschema import NO_SCHEMA, mistakes, schema

LONG = bool(os.environ.get("REMPART_CAMPAIGN"))
MANY = settings(
    max_examples=400 if LONG else 9, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@MANY
@given(st.sampled_from((DEFAULT, MID_2026)).flatmap(lambda edition: st.tuples(st.just(edition), tips(edition))))
def test_any_document_that_may_be_sent_is_found_sound_as_records_and_as_xml_and_stored_as_it_is(drawn):
    edition, tip = drawn
    stored = storing.to_json(tip)
    assert storing.from_json(stored) == tip
    assert storing.to_json(storing.from_json(stored)) == stored
    assert problems(tip, now=NOW, may_classify=True, edition=edition) == ()
    data = report_xml(tip.report, edition=edition)
    assert said(reading.read(data)) == said(nodes.of_report(tip.report, edition=edition))
    assert problems_of_xml(data, Root.REPORT, now=NOW, edition=edition) == ()
    for file in tip.files:
        data = file_xml(file, report_id=7, file_id="b" * 32, edition=edition)
        assert problems_of_xml(data, Root.FILE, now=NOW, edition=edition) == ()


def said(node):
    """An element without the spaces between its parts, which are there for people."""
    text = "" if node.children else node.text
    return (node.name, dict(node.attributes), text, [said(child) for child in node.children])


@pytest.mark.skipif(schema() is None, reason=NO_SCHEMA)
@MANY
@given(tips())
def test_any_document_fits_the_schema_of_the_service(tip):
    assert mistakes(report_xml(tip.report)) == []
    for file in tip.files:
        assert mistakes(file_xml(file, report_id=7, file_id="b" * 32)) == []


@MANY
@given(any_of(records.Victim))
def test_a_part_is_stored_alone(part):
    assert storing.read(records.Victim, storing.written(part)) == part


@MANY
@given(files())
def test_one_file_is_stored_alone(file):
    assert storing.part_from_json(records.FileDetails, storing.part_to_json(file)) == file


def shapes(shape, seen):
    """Every shape of the table, once."""
    if id(shape) not in seen:
        seen[id(shape)] = shape
        for child in shape.children:
            if isinstance(child.of, Shape):
                shapes(child.of, seen)
    return list(seen.values())


BOTH = Shape(children=tuple(Child(name=one, of=of, field=one) for one, of in (("file", FILE), ("report", REPORT))))
EVERY = [one for one in shapes(BOTH, {}) if one.record is not None]


@pytest.mark.parametrize("shape", EVERY, ids=lambda one: one.record.__name__)
def test_the_table_sends_every_field_of_a_record_and_no_other(shape):
    parts: list[Child] = [*shape.children, *shape.attributes]
    sent = {part.field for part in parts if part.field and part.field[0] != "^" and "." not in part.field}
    sent |= {shape.field} if shape.text is not None else set()
    own = {field.name for field in fields(shape.record)} - {"ref"}
    assert sent - {"report_id", "file_id"} == own


# The order of the documentation, written down by hand and not taken from the table.
ACCOUNT = (
    "espIdentifier espService compromisedAccount screenName displayName profileUrl profileBio ipCaptureEvent deviceId"
)
STANDING = "accountTemporarilyDisabled accountPermanentlyDisabled estimatedLocation allEmailsReported"
ORDER = {
    records.Report: "batchedReport incidentSummary internetDetails lawEnforcement reporter personOrUserReported "
    "intendedRecipient victim additionalInfo",
    records.IncidentSummary: "incidentType platform escalateToHighPriority reportAnnotations incidentDateTime "
    "incidentDateTimeDescription",
    records.LawEnforcement: "agencyName caseNumber officerContact reportedToLe servedLegalProcessDomestic "
    "servedLegalProcessInternational",
    records.Reporter: "reportingPerson contactPerson companyTemplate termsOfService legalURL",
    records.Person: "firstName lastName phone email address age ageAssertionDiscrepancy dateOfBirth",
    records.ContactPerson: "firstName lastName phone email address",
    records.Address: "address city zipCode state nonUsaState country",
    records.IpEvent: "ipAddress eventName dateTime possibleProxy port",
    records.Device: "idType idValue eventName dateTime",
    records.EstimatedLocation: "city region countryCode",
    records.PersonReported: f"personOrUserReportedPerson vehicleDescription {ACCOUNT} thirdPartyUserReported "
    f"priorCTReports groupIdentifier {STANDING} associatedAccount additionalInfo",
    records.Recipient: f"intendedRecipientPerson {ACCOUNT} priorCTReports groupIdentifier {STANDING} additionalInfo",
    records.Victim: f"victimPerson {ACCOUNT} schoolName priorCTReports {STANDING} associatedAccount additionalInfo",
    records.AssociatedAccount: "platform firstName middleName lastName approximateAge ageAssertionDiscrepancy "
    "dateOfBirth phone email allEmailsReported address espService espIdentifier profileUrl screenName displayName "
    "profileBio groupIdentifier compromisedAccount accountTemporarilyDisabled accountPermanentlyDisabled "
    "ipCaptureEvent deviceId priorCTReport additionalInfo",
    records.FileDetails: "reportId fileId fileName originalFileName uploadedToEspTimestamp locationOfFile "
    "fileViewedByEsp exifViewedByEsp publiclyAvailable fileRelevance potentialMeme fileAnnotations "
    "industryClassification originalFileHash ipCaptureEvent deviceId details additionalInfo",
    records.NameValue: "name value",
    records.WebPage: "url additionalInfo",
    records.EmailIncident: "emailAddress content additionalInfo",
    records.Newsgroup: "name emailAddress content additionalInfo",
    records.Chat: "chatClient chatRoomName content additionalInfo",
    records.Gaming: "gameName console content additionalInfo",
    records.CellPhone: "phoneNumber latitude longitude additionalInfo",
    records.NonInternet: "locationName incidentAddress additionalInfo",
    records.PeerToPeer: "client ipCaptureEvent fileNames additionalInfo",
}


@pytest.mark.parametrize("kind", ORDER, ids=lambda one: one.__name__)
def test_parts_stand_in_the_order_of_the_documentation(kind):
    (shape,) = [one for one in EVERY if one.record is kind]
    assert " ".join(child.name for child in shape.children) == ORDER[kind]


def test_every_record_has_its_shape():
    held = {one.record for one in EVERY}
    every = {one for name in records.__all__ if is_dataclass(one := getattr(records, name))}
    assert every - held == {records.CyberTip, records.Account}


def test_the_same_record_gives_the_same_bytes_and_times_are_written_in_utc_and_never_later():
    moment = NOW.replace(microsecond=123_999, year=2025)
    tip = small(incident=records.IncidentSummary(type=records.IncidentType.TRAFFICKING, at=moment))
    data = report_xml(tip.report)
    assert data == report_xml(storing.from_json(storing.to_json(tip)).report)
    assert b"<incidentDateTime>2025-11-22T12:00:00.123Z</incidentDateTime>" in data


def test_a_document_is_indented_so_that_people_can_read_it():
    assert report_xml(small().report).decode().splitlines()[:4] == [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<report>",
        "  <incidentSummary>",
        "    <incidentType>Child Pornography (possession, manufacture, and distribution)</incidentType>",
    ]


def test_the_name_of_a_file_in_this_house_is_never_sent():
    file = records.FileDetails(ref="rfile_secret", original_name="a.jpg")
    assert b"rfile_secret" not in file_xml(file, report_id=1, file_id="a")
    assert storing.part_from_json(records.FileDetails, storing.part_to_json(file)).ref == "rfile_secret"


def test_a_draft_that_lacks_something_can_be_stored_and_shown():
    tip = small(incident=records.IncidentSummary())
    assert storing.from_json(storing.to_json(tip)) == tip
    assert b"<incidentSummary/>" in report_xml(tip.report)
    assert [one.field for one in problems(tip, now=NOW)] == ["report.incident.type", "report.incident.at"]


def test_a_file_of_each_annotation_says_it_by_being_there():
    file = records.FileDetails(annotations=frozenset({records.FileAnnotation.GENERATIVE_AI}))
    assert b"<generativeAi/>" in file_xml(file, report_id=1, file_id="a")
    assert b"generativeAi" not in file_xml(replace(file, annotations=frozenset()), report_id=1, file_id="a")
