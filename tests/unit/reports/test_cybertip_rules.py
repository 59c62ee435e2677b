"""Each rule broken once: refused alone, with its field and its reason."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from rempart.reports.cybertip.document.checking import Root, problems, problems_of_xml
from rempart.reports.cybertip.document.problems import Fault, Reason, said
from rempart.reports.cybertip.document.reading import DEEPEST, MOST_BYTES
from rempart.reports.cybertip.document.records import (
    AccountType,
    Address,
    AssociatedAccount,
    BatchReason,
    CellPhone,
    Chat,
    Classification,
    Device,
    Email,
    EstimatedLocation,
    FileAnnotation,
    FileDetails,
    FileHash,
    IpEvent,
    LawEnforcement,
    Metadata,
    PermanentlyDisabled,
    Person,
    PersonReported,
    Phone,
    Recipient,
    Relevance,
    ReportAnnotation,
    Reporter,
    TemporarilyDisabled,
    Victim,
    WebPage,
)
from rempart.reports.cybertip.document.writing import report_xml
from tips import NOW, small

EDGE = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=13)))
LATER = NOW + timedelta(minutes=1)
SOUND = small()
INCIDENT = SOUND.report.incident
MEME = BatchReason.VIRAL_POTENTIAL_MEME
NAMED = PersonReported(esp_identifier="u1")


def reported(**fields):
    return small(persons=(PersonReported(**fields),))


def filed(*files, **changed):
    return replace(small(**changed), files=files)


def batch(**changed):
    held = {"batched_reason": MEME, "persons": (NAMED, NAMED)} | changed
    return filed(FileDetails(), **held)


SEEN = IpEvent(address="192.0.2.1")
BROKEN = [
    # of one value
    (reported(screen_name=" "), "report.persons[1].screen_name", Reason.BLANK),
    (small(incident=replace(INCIDENT, escalate="\n")), "report.incident.escalate", Reason.BLANK),
    (small(incident=replace(INCIDENT, escalate="x" * 3001)), "report.incident.escalate", Reason.LONG),
    (small(incident=replace(INCIDENT, platform="x" * 257)), "report.incident.platform", Reason.LONG),
    (reported(esp_identifier="x" * 256), "report.persons[1].esp_identifier", Reason.LONG),
    (reported(esp_service="x" * 101), "report.persons[1].esp_service", Reason.LONG),
    (reported(screen_name="\U0001f600" * 129), "report.persons[1].screen_name", Reason.LONG),
    (filed(FileDetails(original_name="x" * 2057)), "files[1].original_name", Reason.LONG),
    (filed(FileDetails(hashes=(FileHash(type="x" * 65, value="0"),))), "files[1].hashes[1].type", Reason.LONG),
    (reported(person=Person(phones=(Phone(value="0" * 51),))), "report.persons[1].person.phones[1].value", Reason.LONG),
    (small(internet=(WebPage(urls=("https://" + "x" * 2083,)),)), "report.internet[1].urls[1]", Reason.LONG),
    (reported(location=EstimatedLocation(country="fr")), "report.persons[1].location.country", Reason.AMONG),
    (reported(person=Person(addresses=(Address(state="XX"),))), "report.persons[1].person.addresses[1].state",
     Reason.AMONG),
    (reported(person=Person(phones=(Phone(value="1", calling_code="33"),))),
     "report.persons[1].person.phones[1].calling_code", Reason.PATTERN),
    (reported(person=Person(phones=(Phone(value="1", extension="12a"),))),
     "report.persons[1].person.phones[1].extension", Reason.PATTERN),
    (small(additional_info="a\x00b"), "report.additional_info", Reason.CHARACTERS),
    (small(additional_info="a\ud800b"), "report.additional_info", Reason.CHARACTERS),
    (reported(compromised="yes"), "report.persons[1].compromised", Reason.FLAG),
    (small(incident=replace(INCIDENT, at="yesterday")), "report.incident.at", Reason.TIME),
    (small(incident=replace(INCIDENT, at=NOW.replace(tzinfo=None))), "report.incident.at", Reason.ZONE),
    (small(incident=replace(INCIDENT, at=EDGE)), "report.incident.at", Reason.TIME),
    (small(incident=replace(INCIDENT, at=LATER)), "report.incident.at", Reason.FUTURE),
    (filed(FileDetails(uploaded_at=LATER)), "files[1].uploaded_at", Reason.FUTURE),
    (reported(ip_events=(SEEN, replace(SEEN, at=LATER))), "report.persons[1].ip_events[2].at", Reason.FUTURE),
    (reported(devices=(Device(type="IMEI", value="1", at=LATER),)), "report.persons[1].devices[1].at", Reason.FUTURE),
    (reported(temporarily_disabled=TemporarilyDisabled(disabled_at=LATER)),
     "report.persons[1].temporarily_disabled.disabled_at", Reason.FUTURE),
    (reported(permanently_disabled=PermanentlyDisabled(notified_at=LATER)),
     "report.persons[1].permanently_disabled.notified_at", Reason.FUTURE),
    (reported(person=Person(born=NOW.date() + timedelta(days=1))), "report.persons[1].person.born", Reason.FUTURE),
    (reported(person=Person(born="1 May")), "report.persons[1].person.born", Reason.DATE),
    (reported(person=Person(age=12.5)), "report.persons[1].person.age", Reason.WHOLE),
    (reported(person=Person(age=151)), "report.persons[1].person.age", Reason.RANGE),
    (reported(ip_events=(replace(SEEN, port=0),)), "report.persons[1].ip_events[1].port", Reason.RANGE),
    (reported(ip_events=(replace(SEEN, port=65536),)), "report.persons[1].ip_events[1].port", Reason.RANGE),
    (reported(prior_reports=(1, -1)), "report.persons[1].prior_reports[2]", Reason.RANGE),
    (reported(prior_reports=(2**63,)), "report.persons[1].prior_reports[1]", Reason.RANGE),
    (small(internet=(CellPhone(latitude=float("nan")),)), "report.internet[1].latitude", Reason.NUMBER),
    (small(internet=(CellPhone(latitude=90.1),)), "report.internet[1].latitude", Reason.RANGE),
    (reported(ip_events=(IpEvent(address="192.0.2.256"),)), "report.persons[1].ip_events[1].address", Reason.ADDRESS),
    (reported(ip_events=(IpEvent(address="fe80::1%eth0"),)), "report.persons[1].ip_events[1].address", Reason.ADDRESS),
    (filed(FileDetails(ip_event=IpEvent(address="example.org"))), "files[1].ip_event.address", Reason.ADDRESS),
    (small(internet=(Chat(), WebPage(urls=("www.a.example",)))), "report.internet[2].urls[1]", Reason.URL),
    (filed(FileDetails(location="/a/b.jpg")), "files[1].location", Reason.URL),
    (small(reporter=replace(SOUND.report.reporter, legal_url="a.example")), "report.reporter.legal_url", Reason.URL),
    # of the order of parts
    (small(incident=replace(INCIDENT, type=None)), "report.incident.type", Reason.MISSING),
    (small(incident=replace(INCIDENT, at=None)), "report.incident.at", Reason.MISSING),
    (small(law_enforcement=LawEnforcement()), "report.law_enforcement.agency", Reason.MISSING),
    (small(victims=(Victim(),)), "report.victims[1].person", Reason.MISSING),
    (filed(FileDetails(metadata=(Metadata(pairs=()),))), "files[1].metadata[1].pairs[1]", Reason.MISSING),
    (filed(FileDetails(potential_meme=True, annotations=frozenset({FileAnnotation.VIRAL}))), "files[1].annotations",
     Reason.EITHER),
    (small(incident=replace(INCIDENT, annotations=frozenset({ReportAnnotation.INFORMATIONAL}))),
     "report.incident.annotations.informational", Reason.EDITION),
    (reported(person=Person(age_discrepancy=True)), "report.persons[1].person.age_discrepancy", Reason.EDITION),
    (reported(associated=(AssociatedAccount(type=AccountType.LINKED, age_discrepancy=False),)),
     "report.persons[1].associated[1].age_discrepancy", Reason.EDITION),
    # of parts together
    (small(persons=(NAMED, NAMED)), "report.persons[2]", Reason.PERSONS),
    (batch(persons=(NAMED, replace(NAMED, screen_name="a"))), "report.persons[2]", Reason.BATCH_PERSON),
    (batch(persons=(PersonReported(), NAMED)), "report.persons[1]", Reason.BATCH_PERSON),
    (batch(persons=()), "report.persons", Reason.BATCH_EMPTY),
    (batch(internet=(Chat(),)), "report.internet", Reason.BATCH_LEFT_OUT),
    (batch(law_enforcement=LawEnforcement(agency="A")), "report.law_enforcement", Reason.BATCH_LEFT_OUT),
    (batch(recipients=(Recipient(),)), "report.recipients", Reason.BATCH_LEFT_OUT),
    (batch(victims=(Victim(person=Person()),)), "report.victims", Reason.BATCH_LEFT_OUT),
    (batch(additional_info="a"), "report.additional_info", Reason.BATCH_LEFT_OUT),
    (batch(incident=replace(INCIDENT, escalate="now")), "report.incident.escalate", Reason.BATCH_LEFT_OUT),
    (small(batched_reason=MEME, persons=(NAMED,)), "files", Reason.BATCH_FILES),
    (filed(FileDetails(ref="a"), FileDetails(ref="b"), batched_reason=MEME, persons=(NAMED,)), "files",
     Reason.BATCH_FILES),
    (small(reporter=Reporter(person=Person())), "report.reporter.person.emails", Reason.REPORTER_EMAIL),
    (small(reporter=Reporter(person=Person(emails=(Email(value="nobody"),)))), "report.reporter.person.emails",
     Reason.REPORTER_EMAIL),
    (filed(FileDetails(exif_viewed=True)), "files[1].exif_viewed", Reason.VIEWED),
    (filed(FileDetails(exif_viewed=True, viewed=False)), "files[1].exif_viewed", Reason.VIEWED),
    (filed(FileDetails(relevance=Relevance.SUPPLEMENTAL, potential_meme=False)), "files[1].potential_meme",
     Reason.SUPPLEMENTAL),
    (filed(FileDetails(relevance=Relevance.SUPPLEMENTAL, annotations=frozenset({FileAnnotation.POTENTIAL_MEME}))),
     "files[1].annotations", Reason.SUPPLEMENTAL),
    (filed(FileDetails(classification=Classification.A1)), "files[1].classification", Reason.MAY_CLASSIFY),
]  # fmt: skip


@pytest.mark.parametrize(("tip", "field", "reason"), BROKEN, ids=lambda one: str(one) if isinstance(one, str) else "")
def test_a_rule_that_is_broken_is_told_of_alone_with_its_field_and_its_reason(tip, field, reason):
    found = problems(tip, now=NOW)
    assert [(one.field, one.reason) for one in found] == [(field, reason)]
    assert found[0].error.hint


def test_a_supplemental_file_carries_no_class_even_where_the_company_may_classify():
    file = FileDetails(relevance=Relevance.SUPPLEMENTAL, classification=Classification.B2)
    found = problems(filed(file), now=NOW, may_classify=True)
    assert [(one.field, one.reason) for one in found] == [("files[1].classification", Reason.SUPPLEMENTAL)]
    assert problems(filed(replace(file, relevance=Relevance.REPORTED)), now=NOW, may_classify=True) == ()


def test_the_same_file_twice_is_told_of_at_both():
    found = problems(filed(FileDetails(ref="a"), FileDetails(ref="b"), FileDetails(ref="a")), now=NOW)
    assert [(one.field, one.reason) for one in found] == [
        ("files[1]", Reason.SAME_FILE),
        ("files[3]", Reason.SAME_FILE),
    ]


def test_a_report_without_any_file_or_person_may_be_sent_and_a_batch_of_one_file_too():
    assert problems(small(), now=NOW) == ()
    assert problems(batch(), now=NOW) == ()


def test_an_account_may_be_enabled_again_at_a_time_to_come():
    assert problems(reported(temporarily_disabled=TemporarilyDisabled(enabled_at=LATER)), now=NOW) == ()


def test_a_moment_ago_is_past_and_now_is_too():
    assert problems(small(incident=replace(INCIDENT, at=NOW)), now=NOW) == ()


def test_what_is_too_large_to_be_read_again_is_refused_before_it_is_sent():
    found = problems(small(additional_info="x" * MOST_BYTES), now=NOW)
    assert [(one.field, one.reason) for one in found] == [("report", Reason.SIZE)]


XML = report_xml(SOUND.report).decode()


def xml(old, new):
    assert old in XML
    return XML.replace(old, new, 1)


SUMMARY = XML[XML.index("  <incidentSummary>") : XML.index("  <reporter>")]
SEXTORTION = "<reportAnnotations><sextortion>false</sextortion></reportAnnotations>"
BROKEN_XML = [
    (xml("</incidentType>", "</incidentType><unheard/>"), "report.incident", "incidentSummary/unheard",
     Reason.UNEXPECTED),
    (xml("<reporter>", '<reporter lang="en">'), "report.reporter", "reporter/@lang", Reason.UNEXPECTED),
    (xml("<incidentDateTime>", '<incidentDateTime zone="Z">'), "report.incident.at",
     "incidentSummary/incidentDateTime/@zone", Reason.UNEXPECTED),
    (xml("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z<b/>"), "report.incident.at", "incidentSummary/incidentDateTime",
     Reason.UNEXPECTED),
    (xml(SUMMARY, "").replace("</report>", SUMMARY + "</report>"), "report.incident", "incidentSummary", Reason.ORDER),
    (xml(SUMMARY, SUMMARY * 2), "report.incident", "incidentSummary", Reason.MANY),
    (xml("<reporter>", "<reporter>and"), "report.reporter", "reporter", Reason.STRAY),
    (xml("<reporter>", "<internetDetails/><reporter>"), "report.internet[1]", "internetDetails[1]", Reason.ONE_KIND),
    (
        xml("<reporter>", "<internetDetails><chatImIncident/><emailIncident/></internetDetails><reporter>"),
        "report.internet[1]",
        "internetDetails[1]",
        Reason.ONE_KIND,
    ),
    (xml("</incidentType>", f"</incidentType>{SEXTORTION}"), "report.incident.annotations.sextortion",
     "incidentSummary/reportAnnotations/sextortion", Reason.TAG),
    (xml(">2026-11-21T12:00:00Z<", ">2026-11-21T12:00:00<"), "report.incident.at", "incidentSummary/incidentDateTime",
     Reason.ZONE),
]  # fmt: skip


@pytest.mark.parametrize(("data", "field", "where", "reason"), BROKEN_XML, ids=lambda one: str(one)[:40])
def test_xml_that_breaks_a_rule_is_told_of_alone_with_its_place(data, field, where, reason):
    found = problems_of_xml(data.encode(), Root.REPORT, now=NOW)
    assert [(one.field, one.where, one.reason) for one in found] == [(field, f"report/{where}", reason)]


BOMB = '<!DOCTYPE report [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
UNREAD = [
    ("", Reason.MALFORMED),
    ("<report>", Reason.MALFORMED),
    ("<report><a></report>", Reason.MALFORMED),
    ("<html><body>Bad gateway</body></html>", Reason.ROOT),
    ("<fileDetails/>", Reason.ROOT),
    (XML.replace("?>", f"?>{BOMB}", 1), Reason.DOCTYPE),
    (XML.replace("?>", '?><!DOCTYPE report SYSTEM "file:///etc/passwd">', 1), Reason.DOCTYPE),
    (XML.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"', 1), Reason.ENCODING),
    (XML.replace('version="1.0"', 'version="1.1"', 1), Reason.ENCODING),
    (XML.replace("<report>", "<report><!-- nobody sees this -->", 1), Reason.STRAY),
    (XML.replace("<report>", "<?do this?><report>", 1), Reason.STRAY),
    ("<a>" * (DEEPEST + 1), Reason.SIZE),
    (" " * (MOST_BYTES + 1), Reason.SIZE),
]


@pytest.mark.parametrize(("data", "reason"), UNREAD, ids=lambda one: str(one)[:30])
def test_what_is_not_read_at_all_says_why(data, reason):
    found = problems_of_xml(data.encode(), Root.REPORT, now=NOW)
    assert [(one.field, one.reason) for one in found] == [("", reason)]


def test_a_character_of_another_encoding_is_not_read():
    for data in (XML.encode("utf-16"), XML.encode("utf-16-le"), b"<report>\xff</report>"):
        assert [one.reason for one in problems_of_xml(data, "report", now=NOW)] == [Reason.ENCODING]


def test_a_stranger_names_nothing_in_the_words_that_people_read():
    data = xml("<reporter>", "<reporter><ëvïl-name" + "x" * 500 + "/>").encode()
    found = problems_of_xml(data, Root.REPORT, now=NOW)
    assert len(found) == 1
    assert found[0].where.isascii()
    assert len(found[0].name) == 64


def test_many_mistakes_are_told_up_to_a_bound():
    data = xml("<reporter>", "<reporter>" + "<unheard/>" * 10_000).encode()
    assert len(problems_of_xml(data, Root.REPORT, now=NOW)) == 200


def test_every_reason_is_broken_once_and_says_what_to_do():
    broken = {reason for *_, reason in [*BROKEN, *BROKEN_XML, *UNREAD]} | {Reason.SAME_FILE}
    assert set(Reason) - {Reason.SCHEMA} == broken  # what a schema refuses is asked of one: tests of `server.cybertips`
    told = [said(Fault(reason, "3", "9")) for reason in Reason]
    assert all(error.hint for error in told)
    assert len({error.message for error in told}) == len(Reason)


def test_a_problem_reads_as_a_line_with_its_place():
    (found,) = problems(small(incident=replace(INCIDENT, at=LATER)), now=NOW)
    assert str(found) == (
        "report/incidentSummary/incidentDateTime: This time is still to come. "
        "Correct it; look also at the clock of the server."
    )
