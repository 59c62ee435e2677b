"""Forms of reports: what nobody touched stays, what is typed stands in the document, what cannot be read is named."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings

import tips
from rempart.errors import NotFoundError
from rempart.reports.cybertip.document.editions import EDITIONS
from rempart.reports.cybertip.document.problems import Fault, Problem, Reason
from rempart.reports.cybertip.document.records import (
    Chat,
    CyberTip,
    Email,
    FileAnnotation,
    FileDetails,
    IncidentSummary,
    IncidentType,
    IpEvent,
    Person,
    PersonReported,
    Report,
    ReportAnnotation,
    Reporter,
    TemporarilyDisabled,
    Victim,
    WebPage,
)
from rempart.server.pages.reports import sections
from rempart.server.pages.reports.forms import MOST_ROWS, Field, Group, Rows, Showing, anchor
from rempart.server.pages.reports.sections import STEPS
from rempart.server.pages.reports.shaping import Form
from rempart.server.pages.reports.typed import Reader

AT = datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
PLAIN = CyberTip(report=Report(incident=IncidentSummary(), reporter=Reporter(person=Person())))


def sent(nodes):
    """What a browser sends of a form as it stands there."""
    found = {}
    for one in nodes:
        if isinstance(one, Field):
            if one.form is Form.SEVERAL:
                found[one.path] = ["", *one.values]
            elif one.form in (Form.LONG, Form.LINES):
                found[one.path] = [one.value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")]
            else:
                found[one.path] = [one.value.replace("\r", "").replace("\n", "")]
        elif isinstance(one, Group):
            found |= sent(one.parts)
            if one.kind:
                found[f"{one.path}.kind"] = [one.kind]
        elif isinstance(one, Rows):
            found |= sent(one.groups) | {f"{one.path}.shown": ["1"]}
    return found


def form(tip, step, **more):
    return sent(sections.nodes(tip, step, Showing(**more)))


def typed_in(tip, step, changes=(), **more):
    """The document after somebody typed something into a step, and what could not be read."""
    reader = Reader(typed=form(tip, step, **more) | {path: [text] for path, text in dict(changes).items()})
    return sections.filled(tip, step, reader), reader.mistakes


@given(tip=tips.tips())
@settings(max_examples=15, deadline=None)
def test_a_form_that_nobody_touched_changes_nothing(tip):
    for step in (*STEPS, *(f"file-{number}" for number in range(1, len(tip.files) + 1))):
        assert typed_in(tip, step) == (tip, {}), step


def test_what_is_typed_stands_in_the_document():
    tip, wrong = typed_in(PLAIN, "incident", {
        "report.incident.type": IncidentType.ENTICEMENT.value, "report.incident.at": "2026-02-03T04:05",
        "report.incident.escalate": " A child is there now.\r\nCall. ", "report.additional_info": "more",
        "report.incident.annotations": "sextortion",
    })  # fmt: skip
    assert wrong == {}
    incident = tip.report.incident
    assert incident.type is IncidentType.ENTICEMENT
    assert incident.at == datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    assert incident.escalate == "A child is there now.\nCall."
    assert incident.annotations == {ReportAnnotation.SEXTORTION}
    assert tip.report.additional_info == "more"


@pytest.mark.parametrize(("text", "moment"), [
    ("2026-02-03 04:05:06", datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
    ("2026-02-03T04:05:06Z", datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
    ("2026-02-03T04:05:06+01:00", datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC)),
])  # fmt: skip
def test_a_time_is_read_as_people_write_it(text, moment):
    tip, wrong = typed_in(PLAIN, "incident", {"report.incident.at": text})
    assert (tip.report.incident.at, wrong) == (moment, {})


def test_a_time_that_is_left_alone_keeps_its_microseconds_and_one_that_is_changed_does_not():
    tip = replace(PLAIN, report=replace(PLAIN.report, incident=IncidentSummary(at=AT)))
    assert typed_in(tip, "incident")[0].report.incident.at == AT
    changed = typed_in(tip, "incident", {"report.incident.at": "2026-02-03T04:05:07"})[0]
    assert changed.report.incident.at == AT.replace(second=7, microsecond=0)


@pytest.mark.parametrize(("step", "path", "text", "key"), [
    ("incident", "report.incident.at", "yesterday", "moment"),
    ("incident", "report.incident.at", "2026-13-01T00:00", "moment"),
    ("incident", "report.incident.at", "0001-01-01T00:00+14:00", "moment"),
    ("incident", "report.incident.type", "Something else", "choice"),
    ("person", "report.persons[1].person.born", "3 May", "day"),
    ("person", "report.persons[1].person.age", "twelve", "whole"),
    ("person", "report.persons[1].person.age", "9" * 30, "whole"),
    ("person", "report.persons[1].compromised", "perhaps", "ternary"),
    ("person", "report.persons[1].prior_reports", "12\nx", "lines"),
    ("person", "report.persons[1].ip_events[1].port", "٣", "whole"),
])  # fmt: skip
def test_what_cannot_be_read_is_named_by_its_place(step, path, text, key):
    tip = replace(PLAIN, report=replace(PLAIN.report, persons=(PersonReported(esp_identifier="kite"),)))
    assert typed_in(tip, step, {path: text})[1] == {path: f"reports.wrong.{key}"}


def test_rows_are_added_emptied_and_kept_in_their_order():
    person = PersonReported(ip_events=tuple(IpEvent(address=f"192.0.2.{n}") for n in range(3)))
    tip = replace(PLAIN, report=replace(PLAIN.report, persons=(person,)))
    path = "report.persons[1].ip_events"
    found, wrong = typed_in(tip, "person", {f"{path}[2].address": "", f"{path}[4].address": "192.0.2.9"})
    assert wrong == {}
    assert [one.address for one in found.report.persons[0].ip_events] == ["192.0.2.0", "192.0.2.2", "192.0.2.9"]


def test_rows_beyond_those_that_are_shown_stay():
    events = tuple(IpEvent(address=f"192.0.2.{n % 250}", port=n + 1) for n in range(MOST_ROWS + 20))
    tip = replace(PLAIN, report=replace(PLAIN.report, persons=(PersonReported(ip_events=events),)))
    found, _ = typed_in(tip, "person", {"report.persons[1].ip_events[1].port": "9"})
    assert found.report.persons[0].ip_events == (replace(events[0], port=9), *events[1:])
    (rows,) = sections.nodes(tip, "person", Showing())
    shown = next(one for one in rows.groups[0].parts if one.path.endswith("ip_events"))
    assert (len(shown.groups), shown.more, shown.adds) == (MOST_ROWS, 20, ())


def test_a_place_of_another_kind_is_added_and_keeps_what_the_first_says():
    tip = replace(PLAIN, report=replace(PLAIN.report, internet=(WebPage(urls=("https://a.example/",)),)))
    found, _ = typed_in(
        tip, "internet", {"report.internet[2].client": "Chatter"}, add="report.internet", add_kind="chat"
    )
    assert found.report.internet == (WebPage(urls=("https://a.example/",)), Chat(client="Chatter"))


def test_an_account_that_was_not_disabled_is_said_so():
    tip = replace(PLAIN, report=replace(PLAIN.report, persons=(PersonReported(esp_identifier="kite"),)))
    path = "report.persons[1].temporarily_disabled"
    found, _ = typed_in(tip, "person", {f"{path}.value": "no"})
    assert found.report.persons[0].temporarily_disabled == TemporarilyDisabled(value=False)
    assert typed_in(found, "person", {f"{path}.value": ""})[0].report.persons[0].temporarily_disabled is None


def test_a_victim_of_whom_only_the_school_is_known_is_one():
    add = {"add": "report.victims"}
    found, _ = typed_in(PLAIN, "victims", {"report.victims[1].school": "The school"}, **add)
    assert found.report.victims == (Victim(person=Person(), school="The school"),)
    assert typed_in(found, "victims", {"report.victims[1].school": ""})[0].report.victims == ()


def test_what_comes_from_the_file_or_the_log_no_form_can_set():
    file = FileDetails(ref="rfile_1", hashes=(), viewed=None, annotations=frozenset({FileAnnotation.INFANT}))
    tip = replace(PLAIN, files=(file,))
    paths = set(form(tip, "file-1"))
    assert not paths & {f"files[1].{name}" for name in ("ref", "viewed", "exif_viewed", "hashes", "metadata")}
    forged = {"files[1].viewed": "yes", "files[1].exif_viewed": "yes", "files[1].ref": "rfile_2"}
    assert typed_in(tip, "file-1", forged)[0] == tip


def test_a_file_whose_form_is_emptied_stays_in_the_report():
    file = FileDetails(ref="rfile_1", file_name="x", original_name="beach.png")
    found, _ = typed_in(replace(PLAIN, files=(file,)), "file-1", {"files[1].original_name": ""})
    assert found.files == (FileDetails(ref="rfile_1", file_name="x"),)


def test_classes_are_not_shown_where_they_may_not_be_used_and_a_forged_one_is_not_taken_without_them():
    tip = replace(PLAIN, files=(FileDetails(ref="rfile_1"),))
    assert "files[1].classification" in form(tip, "file-1")
    assert "files[1].classification" not in form(tip, "file-1", barred=[sections.MAY_CLASSIFY])


def test_choices_that_the_schema_does_not_know_are_not_offered_unless_they_stand_there():
    left_out, barred = sections.unknown_in(EDITIONS["2025-11"])
    assert ReportAnnotation.INFORMATIONAL in left_out
    assert barred == {"Person.age_discrepancy", "AssociatedAccount.age_discrepancy"}
    chosen = frozenset({ReportAnnotation.INFORMATIONAL})
    tip = replace(PLAIN, report=replace(PLAIN.report, incident=IncidentSummary(annotations=chosen)))
    incident, _ = sections.nodes(tip, "incident", Showing(left_out=left_out))
    offered = {value for value, _ in next(one for one in incident.parts if one.form is Form.SEVERAL).choices}
    assert "informational" in offered
    assert "instrumentalUse" not in offered
    assert ReportAnnotation.INFORMATIONAL not in sections.unknown_in(EDITIONS["2026"])[0]


def test_a_problem_leads_to_the_step_and_the_nearest_place_that_is_shown():
    fault = Fault(Reason.URL)
    told = {
        "report.internet[1].urls[2]": "internet", "report.persons[1].ip_events[3].at": "person",
        "report.incident.annotations.informational": "incident", "report.additional_info": "incident",
        "files[2].hashes[1].type": "file-2", "report.law_enforcement.agency": "police", "report.reporter.person": "",
        "report": "",
    }  # fmt: skip
    assert {path: sections.step_of(path) for path in told} == told
    tip = replace(PLAIN, report=replace(PLAIN.report, internet=(WebPage(urls=("a", "b")),)))
    nodes = sections.nodes(tip, "internet", Showing())
    placed = sections.wrong_in(nodes, {"report.internet[1].urls[2]": ["no address"], "report.x": ["lost"]})
    assert placed == {"report.internet[1].urls": ["no address"], "": ["lost"]}
    problem = Problem(field="report.internet[1].urls[2]", where="", name="url", fault=fault)
    counted = {one.name: one.problems for one in sections.steps(tip, [problem, problem])}
    assert counted["internet"] == 2
    assert anchor("report.internet[1].urls") == "f-report-internet-1-urls"


@pytest.mark.parametrize("step", ["", "file", "file-0", "file-2", "file-1x", "file-01", "other", "file--1"])
def test_a_step_that_is_not_there_is_not_found(step):
    with pytest.raises(NotFoundError):
        sections.file_of(replace(PLAIN, files=(FileDetails(ref="rfile_1"),)), step)


def test_what_came_back_is_shown_as_it_was_typed():
    tip = replace(PLAIN, report=replace(PLAIN.report, persons=(PersonReported(esp_identifier="kite"),)))
    typed = form(tip, "person") | {"report.persons[1].person.emails[1].value": ["a@mail.example"],
                                   "report.persons[1].person.born": ["3 May"]}  # fmt: skip
    again = sections.filled(tip, "person", Reader(typed=typed, every=True))
    shown = sent(sections.nodes(again, "person", Showing(typed=typed)))
    assert shown["report.persons[1].person.born"] == ["3 May"]
    assert shown["report.persons[1].person.emails[1].value"] == ["a@mail.example"]
    mended = Reader(typed=shown | {"report.persons[1].person.born": ["2001-05-03"]})
    person = sections.filled(tip, "person", mended).report.persons[0].person
    assert person == Person(emails=(Email(value="a@mail.example"),), born=date(2001, 5, 3))
    assert mended.mistakes == {}
