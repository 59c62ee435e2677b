"""Drafts in a running deployment: a decision makes one, its service supplies what it knows, people agree by command."""

import json

import httpx
import pytest

from commands import command
from consoling import enrol
from deployment import deployment
from judging import ADA, REMOVE, REPORT, RUI, answered, no_window, settler
from receivers import wait_until
from rempart.cases.records import cases
from rempart.cli.datafolder import opened_data
from rempart.people.permissions import Role, Scope
from rempart.reports.cybertip.records import reports
from reporting import maker, to_report
from serving import make_data, make_key


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("drafts")) as found:
        yield found


@pytest.fixture(scope="module")
def report(house):
    """A draft that the deployment itself made."""
    no_window(house.store)
    case_id = to_report(house.store, house.runtime.service.vault)
    for who in (RUI, ADA):
        answered(house.store, case_id, REMOVE, REPORT, by=who)
        stage = "decided" if who is ADA else "second"
        wait_until(lambda stage=stage: _stage(house.store, case_id) == stage)
    wait_until(lambda: _drafts(house.store, case_id))
    return _drafts(house.store, case_id)[0]


def _stage(store, case_id):
    with store.read() as conn:
        case = cases.find(conn, case_id)
    return "decided" if case.state == "decided" else case.stage


def _drafts(store, case_id):
    with store.read() as conn:
        return reports.of_cases(conn, [case_id])


def calling(house, *scopes, service="forum"):
    key = make_key(house.store, *scopes, service=service)
    return httpx.Client(base_url=house.address, headers={"authorization": f"Bearer {key}"}, timeout=20)


def test_a_service_reads_what_waits_and_supplies_it(house, report):
    with calling(house, Scope.REPORTS) as forum:
        [waits] = forum.get("/v1/reports").json()["reports"]
        assert (waits["id"], waits["uploader"], waits["items"], waits["supplied"]) == (
            report.id, "kite_0", ["photo-1"], None,
        )  # fmt: skip
        subject = {"person": {"screen_name": "Kite", "ip_events": [{"address": "198.51.100.7"}]}}
        told = forum.put(f"/v1/reports/{report.id}/subject", json=subject)
        assert told.status_code == 200, told.text
        assert told.json()["supplied"] is not None
        assert forum.get(f"/v1/reports/{report.id}").json() == told.json()


@pytest.mark.parametrize(
    ("body", "status"),
    [({"person": {"ip_events": [{"address": "nowhere"}]}}, 422), ({"person": {"x": 1}}, 422), ({}, 422),
     ({"who": {}}, 422), ({"files": [{"item_id": "photo-9"}]}, 422)],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(house, report, body, status):
    with calling(house, Scope.REPORTS) as forum:
        assert forum.put(f"/v1/reports/{report.id}/subject", json=body).status_code == status


def test_another_service_another_scope_and_nobody_get_nothing(house, report):
    place = f"/v1/reports/{report.id}"
    with calling(house, Scope.REPORTS, service="wiki") as wiki:
        assert wiki.get("/v1/reports").json() == {"reports": [], "next": None}
        assert wiki.get(place).status_code == 404
        assert wiki.put(f"{place}/subject", json={"person": {"screen_name": "x"}}).status_code == 404
    with calling(house, Scope.DECISIONS) as other:
        assert other.get(place).status_code == 403
    assert httpx.get(house.address + place).status_code == 401


def test_two_people_agree_by_command(tmp_path):
    settings = make_data(tmp_path / "data")
    rui, ada = enrol(settings.data, ("rui", Role.REVIEWER), ("ada", Role.REVIEWER))
    with opened_data(settings.data) as folder:
        vault = folder.vault()
        no_window(folder.store)
        case_id = to_report(folder.store, vault)
        for who in (RUI, ADA):
            answered(folder.store, case_id, REMOVE, REPORT, by=who)
            with settler(folder.store, vault, asked=maker(vault).of_outcome) as settle:
                settle()
        [row] = _drafts(folder.store, case_id)
    run = lambda *words, given="": command("reports", "draft", *words, "--data", settings.data, given=given)  # noqa: E731
    shown = run("show", row.id)
    assert shown.returncode == 1, shown.stderr
    assert "lacks The kind of incident: The report is refused without it." in shown.stdout
    document = json.loads(run("show", row.id, "--document").stdout)
    document["report"]["incident"]["type"] = "Child Pornography (possession, manufacture, and distribution)"
    put = run("put", row.id, "-", "--version", 1, given=json.dumps(document))
    assert "version 2" in put.stdout, put.stderr
    assert run("ask", row.id, "--version", 2).returncode == 2
    asked = run("ask", row.id, "--version", 2, "--as", "rui", given=rui())
    assert asked.returncode == 0, asked.stderr
    digest = asked.stdout.split()[-1]
    assert json.loads(run("show", row.id, "--json").stdout)["digest"] == digest
    done = run("confirm", row.id, "--digest", digest, "--as", "ada", given=ada())
    assert "confirmed" in done.stdout, done.stderr
