"""One report on the console: what is known, filling it in step by step, asking, confirming, and who may."""

import re

import pytest

from deployment import deployment, text_of
from outboxes import a_draft, team
from rempart.people.permissions import Role
from rempart.reports.cybertip.drafting.holding import draft_of
from rempart.reports.cybertip.records import reports
from rempart.reports.cybertip.values import ReportState


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("reports")) as found:
        team(found)
        yield found


def row_of(house, report):
    with house.store.read() as conn:
        return reports.find(conn, report)


def tip_of(house, report):
    return draft_of(row_of(house, report), keyring=house.runtime.service.vault.keyring).tip


def form_in(page):
    """What a browser would send of the form of a step, as it stands there."""
    main = page.text.partition('class="fill"')[2].partition("</form>")[0]
    found = {}
    for tag, attributes, inner in re.findall(r"<(input|textarea|select)([^>]*)>(?:(.*?)</\1>)?", main, re.S):
        name = re.search(r'name="([^"]*)"', attributes)
        if not name:
            continue
        value = re.search(r'value="([^"]*)"', attributes)
        if tag == "textarea":
            found[name[1]] = inner.removeprefix("\n")
        elif tag == "select":
            chosen = re.search(r'<option value="([^"]*)" selected', inner)
            found[name[1]] = chosen[1] if chosen else ""
        elif "checkbox" not in attributes or "checked" in attributes:
            found[name[1]] = value[1] if value else ""
    return found


def test_a_draft_is_filled_in_asked_confirmed_and_begun(house):
    report = a_draft(house, 1)
    rita, ruth, here = house.browser("rita"), house.browser("ruth"), f"/reports/{report}"
    page = rita.get(here)
    assert page.status_code == 200, text_of(page.text)
    assert "What keeps it from being asked" in text_of(page.text)
    step = rita.get(f"{here}/steps/incident")
    typed = form_in(step)
    assert set(typed) >= {"version", "report.incident.type", "report.incident.at"}
    typed["report.incident.type"] = "Child Pornography (possession, manufacture, and distribution)"
    saved = rita.post(f"{here}/steps/incident", data=typed | {"then": "internet"})
    assert saved.headers["location"] == f"{here}/steps/internet?done=saved", text_of(saved.text)
    page = rita.get(here)
    assert "What keeps it from being asked" not in text_of(page.text), text_of(page.text)
    version = row_of(house, report).version
    assert rita.post(f"{here}/ask", data={"version": version}).headers["location"] == f"{here}?done=asked"
    assert row_of(house, report).state is ReportState.ASKED
    preview = rita.get(f"{here}/preview")
    assert "&lt;incidentType&gt;" in preview.text
    digest = row_of(house, report).digest.hex()
    own = rita.post(f"{here}/decide", data={"digest": digest, "answer": "approve", "reason": "read it"})
    assert own.status_code == 422
    done = ruth.post(f"{here}/decide", data={"digest": digest, "answer": "approve", "reason": "read it"})
    assert done.status_code == 303, text_of(done.text)
    row = row_of(house, report)
    assert row.state is ReportState.CONFIRMED
    assert row.confirmed_by == house.people["ruth"].id
    assert ruth.get(here).status_code == 200
    assert "You" not in ""


@pytest.mark.parametrize("role", [Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_other_roles_see_none(house, role):
    report = a_draft(house, 50 + list(Role).index(role))
    page = house.browser(f"a-{role.value}", role)
    for path in ("/reports", f"/reports/{report}", f"/reports/{report}/preview", f"/reports/{report}/steps/incident"):
        assert page.get(path).status_code == 403
