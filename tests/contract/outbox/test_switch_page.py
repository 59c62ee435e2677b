"""The switch to production on the console: two leads, the very setting, credentials that the service knows; and a
report that waits meanwhile."""

import re
import time
from dataclasses import replace

import pytest

from deployment import deployment, text_of
from outboxes import team, to_be_reported
from rempart.people.permissions import Role
from rempart.reports.cybertip.records import filings, reports
from rempart.reports.cybertip.service.rehearsal import RehearsalServer, running
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.server.cybertips import reporter_of
from rempart.server.drafting import begin_of
from reporting import a_report, a_tip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A deployment whose settings say production, at a server of the tests' own."""
    with running(RehearsalServer()) as server:
        more = (
            f'[cybertip]\nenvironment = "production"\nproduction_url = "{server.url}"\n'
            f'production_user = "{server.user}"\nproduction_password = "{server.password}"\n'
            'reporter_email = "trust@forum.example"\n'
        )
        with deployment(tmp_path_factory.mktemp("switch"), more=more) as found:
            team(found)
            yield found


def lead(house, name, **more):
    return house.browser(name, Role.LEAD, **more)


def with_cybertip(house, **changed):
    service = house.runtime.service
    told = service.settings.cybertip.model_copy(update=changed)
    object.__setattr__(service, "settings", service.settings.model_copy(update={"cybertip": told}))


@pytest.fixture(scope="module")
def waiting(house):
    """A report that two people confirmed, and that nothing began."""
    task = to_be_reported(house, 1)
    vault = house.runtime.service.vault
    tip = a_tip()
    tip = replace(tip, report=replace(tip.report, reporter=reporter_of(house.runtime.service.settings)))
    return a_report(house.store, vault, task, state=ReportState.CONFIRMED, document=tip, part=5).id


def test_set_and_not_switched_on_says_so_and_nothing_begins(house, waiting):
    page = lead(house, "lena").get("/reports")
    assert "For real is set, and not switched on" in text_of(page.text)
    with house.store.write() as conn:
        begin_of(house.runtime.service.settings)(conn, waiting, house.clock())
        assert filings.find(conn, waiting) is None
    refused = lead(house, "lena").post(f"/reports/{waiting}/file")
    assert refused.status_code == 422
    assert "Filing for real is not switched on." in text_of(refused.text)


def test_a_reviewer_sees_the_switch_and_cannot_turn_it(house):
    page = house.browser("rita")
    found = page.get("/reports/environment")
    assert found.status_code == 200
    assert '<form method="post" action="/reports' not in found.text
    for step in ("ask", "off"):
        assert page.post(f"/reports/environment/{step}", data={"why": "x"}).status_code == 403


def test_credentials_that_the_service_does_not_know_are_not_asked_for(house):
    user = house.runtime.service.settings.cybertip.production_user
    with_cybertip(house, production_user="stranger")
    answer = lead(house, "lena").post("/reports/environment/ask")
    assert answer.status_code == 422
    assert "does not accept these credentials" in text_of(answer.text)
    with_cybertip(house, production_user=user)
    assert "switched off" in text_of(lead(house, "lena").get("/reports/environment").text)


def test_a_service_that_does_not_answer_switches_nothing_on(house):
    url = house.runtime.service.settings.cybertip.production_url
    with_cybertip(house, production_url="http://127.0.0.1:9/ispws")
    assert lead(house, "lena").post("/reports/environment/ask").status_code == 503
    with_cybertip(house, production_url=url)


def test_one_lead_asks_another_confirms_and_what_waited_goes_out(house, waiting):
    lena, lois = lead(house, "lena"), lead(house, "lois")
    done = lena.post("/reports/environment/ask")
    assert done.headers["location"] == "/reports/environment?done=production_asked", text_of(done.text)
    page = lois.get("/reports/environment")
    assert "another lead has to confirm" in text_of(page.text)
    place = re.search(r'href="(/approvals/[^"]+)"', page.text)[1]
    yes = {"answer": "approve", "reason": "The contract is signed."}
    own = lena.post(place, data=yes)
    assert own.status_code == 422
    assert "Who asked cannot approve" in text_of(own.text)
    assert lois.post(place, data=yes).headers["location"] == "/approvals?done=approved"
    page = text_of(lois.get("/reports").text)
    assert "For real." in page
    assert "Nothing is reported to anybody" not in page
    for _ in range(1_200):
        with house.store.read() as conn:
            row = reports.find(conn, waiting)
        if row.state is ReportState.FILED:
            break
        time.sleep(0.05)
    assert (row.state, row.environment) == (ReportState.FILED, Environment.PRODUCTION)
    assert row.number
    page = text_of(lois.get(f"/reports/{row.id}").text)
    assert "not reported" not in page
    assert row.number in page
    assert "This was reported." in lois.get(f"/reports/{row.id}/receipts/{row.run}").text


def test_another_user_in_the_settings_switches_it_off_until_it_is_asked_anew(house):
    user = house.runtime.service.settings.cybertip.production_user
    with_cybertip(house, production_user="other")
    page = text_of(lead(house, "lena").get("/reports/environment").text)
    assert "are others than those that were confirmed" in page
    assert "not switched on" in text_of(lead(house, "lena").get("/reports").text)
    with_cybertip(house, production_user=user)


def test_a_lead_switches_it_off_alone_and_a_reason_is_needed(house):
    lena = lead(house, "lena")
    assert lena.post("/reports/environment/off", data={"why": " "}).status_code == 422
    done = lena.post("/reports/environment/off", data={"why": "The password leaked."})
    assert done.headers["location"] == "/reports/environment?done=production_off"
    assert "For real is set, and not switched on" in text_of(lena.get("/reports").text)
    assert lena.post("/reports/environment/off", data={"why": "Again."}).status_code == 409


def test_turning_it_asks_who_one_is(house):
    old = lead(house, "lena", old=True)
    assert "/sign-in/again" in old.get("/reports/environment").text
    for step in ("ask", "off"):
        answer = old.post(f"/reports/environment/{step}", data={"why": "x"})
        assert answer.headers["location"] == "/sign-in/again?then=/reports/environment"
