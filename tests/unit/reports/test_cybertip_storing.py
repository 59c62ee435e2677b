"""A saved document that does not fit is refused with its place, and nothing is guessed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rempart.errors import RefusedError
from rempart.reports.cybertip.document import storing
from rempart.reports.cybertip.document.records import CellPhone, FileDetails, PersonReported, WebPage
from tips import small

SAVED = json.loads(storing.to_json(small(internet=(WebPage(),), persons=(PersonReported(prior_reports=(1,)),))))


def changed(*path, to):
    held = json.loads(json.dumps(SAVED))
    at = held
    for name in path[:-1]:
        at = at[name]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return json.dumps(held).encode()


BAD = [
    (b"", "This is no JSON."),
    (b"[" * 100_000, "This is no JSON."),
    (b"[]", "This is no saved document of a report."),
    (changed("format", to=2), "This is no saved document of a report."),
    (changed("report", to=None), "report: this is needed"),
    (changed("report", to=[]), "report: an object is needed"),
    (changed("report", "unheard", to=1), "report.unheard: there is no such field"),
    (changed("report", "reporter", to=None), "report.reporter: this is needed"),
    (changed("report", "incident", "type", to="Other"), "report.incident.type: this is no value that is known here"),
    (changed("report", "incident", "at", to="soon"), "report.incident.at: this is no value that is known here"),
    (changed("report", "incident", "at", to=7), "report.incident.at: text is needed"),
    (changed("report", "incident", "annotations", to={}), "report.incident.annotations: a list is needed"),
    (changed("report", "incident", "platform", to=1), "report.incident.platform: str is needed"),
    (changed("report", "persons", 0, "prior_reports", to=["1"]), "report.persons[1].prior_reports[1]: int is needed"),
    (changed("report", "persons", 0, "prior_reports", to=[True]), "report.persons[1].prior_reports[1]: int is needed"),
    (changed("report", "internet", 0, "kind", to="moon"), "report.internet[1]: none of the eight kinds"),
    (changed("report", "internet", 0, to="chat"), "report.internet[1]: none of the eight kinds"),
    (changed("report", "internet", 0, "room", to="1"), "report.internet[1].room: there is no such field"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), BAD, ids=lambda one: one if isinstance(one, str) else "")
def test_a_saved_document_that_does_not_fit_is_refused_with_its_place(data, said):
    with pytest.raises(RefusedError) as refused:
        storing.from_json(data)
    assert said in refused.value.message


def test_the_same_moment_in_another_zone_gives_the_same_bytes():
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    tips = [
        small(incident=replace(small().report.incident, at=one))
        for one in (at, at.astimezone(timezone(timedelta(hours=2))))
    ]
    assert storing.to_json(tips[0]) == storing.to_json(tips[1])


def test_a_time_without_a_zone_stays_so_and_is_refused_when_it_is_checked():
    tip = small(incident=replace(small().report.incident, at=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)))
    assert storing.from_json(storing.to_json(tip)) == tip


def test_the_first_hours_of_the_calendar_are_stored_too():
    at = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=13)))
    tip = small(incident=replace(small().report.incident, at=at))
    assert storing.from_json(storing.to_json(tip)) == tip


def test_whole_degrees_are_numbers_too():
    data = storing.to_json(small(internet=(CellPhone(latitude=48.0),))).replace(b"48.0", b"48")
    assert storing.from_json(data).report.internet == (CellPhone(latitude=48.0),)


def test_a_part_of_another_kind_is_refused():
    with pytest.raises(RefusedError):
        storing.part_from_json(CellPhone, storing.part_to_json(WebPage()))
    with pytest.raises(RefusedError):
        storing.part_from_json(FileDetails, b"{")


def test_half_characters_are_kept_for_the_check_to_tell_of():
    tip = small(additional_info="a\ud800b")
    assert storing.from_json(storing.to_json(tip)) == tip
