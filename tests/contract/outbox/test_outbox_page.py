"""The outbox on the console: every report that somebody may see, how it stands and why; and looking again."""

import re

import pytest

from deployment import deployment, text_of
from outboxes import a_draft, every_report, one_sent, team, to_be_reported
from rempart.cases.work import moves
from rempart.evidence.ledger.lookup import about
from rempart.people.permissions import Role
from rempart.reports.cybertip.records import reports
from rempart.reports.cybertip.values import ReportState
from reporting import a_report


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("outbox")) as found:
        team(found)
        yield found


@pytest.fixture(scope="module")
def known(house):
    return every_report(house)


def shown(page):
    return re.findall(r'href="/reports/(report_[^"/]+)"', page.text)


def barred(house, case_id, name):
    person = house.people[name]
    with house.store.write() as conn:
        moves.keep_from(conn, case_id, {person.id: person.pseudonym}, at=house.clock())


def test_every_report_stands_there_with_its_state_and_why(house, known):
    page = house.browser("rita").get("/reports")
    assert set(vars(known).values()) <= set(shown(page))
    words = text_of(page.text)
    for said in ("Rehearsal.", "rehearsed, not reported", "People have to find out", "A lead asks the service.",
                 "Waits for a second person"):  # fmt: skip
        assert said in words
    french = text_of(house.browser("rene", language="fr").get("/reports").text)
    assert "répété, non signalé" in french


def test_a_reason_of_filing_is_told_in_words_with_its_code(house, known):
    with house.store.write() as conn:
        reports.change(conn, known.rejected, why="refused:4100")
        reports.change(conn, known.expired, why="something of its own")
    words = text_of(house.browser("rita").get("/reports").text)
    assert "The service refuses the report as it is. code 4100" in words
    assert "something of its own" in words
    assert "Le service refuse le signalement" in text_of(house.browser("rene").get("/reports").text)


def test_a_filter_shows_those_that_wait_for_somebody(house, known):
    page = house.browser("rita")
    assert {known.draft, known.asked} <= set(shown(page.get("/reports?show=people")))
    assert known.filed not in shown(page.get("/reports?show=people"))
    assert set(shown(page.get("/reports?show=trouble"))) == {known.rejected, known.manual, known.retracted}
    filed = set(shown(page.get("/reports?show=filed")))
    assert known.filed in filed
    assert filed <= {known.filed, known.confirmed}  # the deployment rehearses what is confirmed
    assert shown(page.get("/reports?show=nonsense")) == shown(page.get("/reports"))
    assert "will appear here" in page.get("/reports?show=alone").text


def test_many_come_a_page_at_a_time_each_once_and_the_youngest_first(house):
    task = to_be_reported(house, 2_000)
    vault = house.runtime.service.vault
    many = [a_report(house.store, vault, task, state=ReportState.FILED, part=100 + n).id for n in range(55)]
    page = house.browser("rita")
    first = page.get("/reports?show=filed")
    rest = page.get(re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&"))
    assert shown(first) == many[:4:-1]
    assert not set(shown(first)) & set(shown(rest))
    assert set(many) <= {*shown(first), *shown(rest)}
    assert 'rel="next"' not in rest.text
    assert shown(page.get("/reports?before=0")) == []


def test_the_home_page_and_the_case_lead_to_it(house, known):
    page = house.browser("rita")
    home = page.get("/")
    assert re.search(r'href="/reports\?show=people">\d+ reports wait for people', home.text)
    case_id = reports_of(house, known.draft).case_id
    case = page.get(f"/cases/{case_id}").text
    assert f'href="/reports/{known.manual}"' in case
    assert "Filed rehearsed, not reported" in text_of(case), "what was rehearsed is never said to be reported"
    assert "/reports" not in house.browser("ad", Role.ADMINISTRATOR).get("/").text


def test_what_was_rehearsed_is_rehearsed_again_and_its_times_are_in_their_order(house):
    report = one_sent(house, 700)
    page = text_of(house.browser("lena", Role.LEAD).get(f"/reports/{report}").text)
    assert "Rehearse it again" in page
    facts = page.partition("rehearsed, not reported")[2].partition("What can be done")[0]
    assert facts.index(" Drafted ") < facts.index(" Filed ")
    assert "Le répéter encore une fois" in text_of(
        house.browser("luc", Role.LEAD, language="fr").get(f"/reports/{report}").text
    )


def reports_of(house, report):
    with house.store.read() as conn:
        return reports.find(conn, report)


def test_whoever_is_kept_from_the_case_finds_no_report_anywhere(house):
    report = a_draft(house, 3_000)
    page = house.browser("bea")
    paths = (f"/reports/{report}", f"/reports/{report}/preview", f"/reports/{report}/steps/incident")
    assert [page.get(path).status_code for path in paths] == [200] * 3
    before = page.get("/").text
    barred(house, reports_of(house, report).case_id, "bea")
    assert [page.get(path).status_code for path in paths] == [404] * 3
    assert report not in page.get("/reports").text
    assert page.get("/").text != before
    for step in ("ask", "withdraw", "reopen", "retry", "review", "hashes", "files/1/leave-out", "steps/incident"):
        answer = page.post(f"/reports/{report}/{step}", data={"version": "1", "agreed": "yes", "note": "x"})
        assert answer.status_code == 404, step
    absent = page.get("/reports/report_none")
    assert text_of(page.get(paths[0]).text).replace(report, "") == text_of(absent.text).replace("report_none", "")


def test_a_report_that_one_person_confirmed_is_looked_at_again_by_another(house):
    task = to_be_reported(house, 4_000)
    house.browser("alma")
    mine = {"single": True, "asked_by": house.people["alma"].id, "confirmed_by": house.people["alma"].id}
    report = a_report(house.store, house.runtime.service.vault, task, state=ReportState.FILED, part=9, **mine).id
    own, other = house.browser("alma"), house.browser("bert")
    assert shown(other.get("/reports?show=alone")) == [report]
    assert "One person alone confirmed this report" not in own.get(f"/reports/{report}").text
    data = {"agreed": "no", "note": "The <b>account</b> is another one."}
    assert own.post(f"/reports/{report}/review", data=data).status_code == 422
    assert other.post(f"/reports/{report}/review", data=data | {"note": " "}).status_code == 422
    assert other.post(f"/reports/{report}/review", data=data | {"agreed": ""}).status_code == 422
    done = other.post(f"/reports/{report}/review", data=data)
    assert done.headers["location"] == f"/reports/{report}?done=reviewed"
    told = own.get(f"/reports/{report}")
    assert "It should not have been confirmed like this." in told.text
    assert "The &lt;b&gt;account&lt;/b&gt; is another one." in told.text
    assert other.post(f"/reports/{report}/review", data=data).status_code == 409
    assert shown(other.get("/reports?show=alone")) == []
    with house.store.read() as conn:
        assert [one.facts for one in about(conn, f"report:{report}")] == [{"agreed": False}]
