"""`rempart case` and `rempart work` as people use them."""

import json
import os
import subprocess
import sys

import pytest

from consoling import enrol
from rempart.cases.records import work
from rempart.cases.work.notifier import seal_notifier
from rempart.cli.datafolder import opened_data
from rempart.people.permissions import Role
from serving import SRC, make_data


def run(*arguments, stdin=""):
    return subprocess.run(
        [sys.executable, "-m", "rempart", *map(str, arguments)], input=stdin, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)}, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("cases") / "data")
    return settings.data


@pytest.fixture(scope="module")
def people(data):
    """What a lead and an auditor type."""
    return enrol(data, ("lea", Role.LEAD), ("ida", Role.AUDITOR))


def test_a_case_about_an_account_is_opened_listed_and_shown(data):
    fact = ("--service", "forum", "--uploader", "seller-1", "--data", data)
    first = run("case", "open", *fact, "--listing", "a set for sale", "--json")
    assert first.returncode == 0, first.stderr
    case_id = json.loads(first.stdout)["case"]
    again = run("case", "open", *fact, "--linked", "seller-2")
    assert again.stdout == f"{case_id} was open already, and holds this too.\n"
    listed = json.loads(run("case", "list", "--data", data, "--json").stdout)
    assert [(one["id"], one["queue"], one["priority"]) for one in listed["cases"]] == [(case_id, "accounts", "normal")]
    assert listed["queues"] == [{"queue": "accounts", "open": 1, "no_look": 0, "held": 0, "lead": 0}]
    shown = run("case", "show", case_id, "--data", data).stdout
    assert "listing: a set for sale" in shown
    assert "linked_account: seller-2" in shown
    assert shown.count("console  case.facts_added") == 2
    assert "1 open, 0 decidable" in run("case", "list", "--data", data).stdout
    assert run("case", "show", "case_none", "--data", data).returncode == 2
    assert run("case", "open", *fact).stderr == "rempart: 1 to 50 facts are needed.\n"


def test_a_case_that_a_restore_hid_from_all_is_let_back_by_whoever_has_the_machine(data, people):
    told = run("case", "open", "--service", "forum", "--uploader", "t", "--report", "x", "--data", data, "--json")
    case_id = json.loads(told.stdout)["case"]
    assert "is not kept from everybody" in run("case", "readmit", case_id, "--data", data).stderr
    with opened_data(data) as folder, folder.store.write() as conn:
        work.bar(conn, case_id, [work.EVERYBODY])
    assert run("case", "show", case_id, "--data", data, "--as", "lea", stdin=people[0]()).returncode == 2
    done = run("case", "readmit", case_id, "--keep-from", "ida", "--data", data)
    assert done.stdout == f"Leads see {case_id} again.\n"
    assert run("case", "show", case_id, "--data", data, "--as", "lea", stdin=people[0]()).returncode == 0


def test_a_case_is_kept_from_a_person_and_a_lead_reads_who_told(data, people):
    lead, _ = people
    opened = run(
        "case", "open", "--service", "forum", "--uploader", "s", "--report", "said so", "--data", data, "--json"
    )  # fmt: skip
    case_id = json.loads(opened.stdout)["case"]
    assert run("case", "restrict", case_id, "--person", "nobody", "--data", data).returncode == 2
    done = run("case", "restrict", case_id, "--person", "lea", "--data", data)
    assert (done.returncode, done.stdout) == (0, f"{case_id} is for leads alone.\n")
    hers = run("case", "show", case_id, "--as", "lea", "--data", data, stdin=lead())
    assert (hers.returncode, "There is no such case." in hers.stderr) == (2, True)
    with opened_data(data) as folder, folder.store.write() as conn:
        seal_notifier(conn, case_id, {"name": "Ines Vidal"}, keyring=folder.keyring)
    told = run("case", "notifier", case_id, "--purpose", "to answer", "--data", data)
    assert told.stdout == "name: Ines Vidal\n"


def test_the_teams_settings_are_put_by_a_lead_and_every_mistake_is_named(data, people, tmp_path):
    file = tmp_path / "team.json"
    file.write_text(json.dumps({"claim_minute": 5, "two_person": ["report", "remove"]}))
    bad = run("work", "put", file, "--data", data)
    assert bad.returncode == 2
    assert bad.stderr.splitlines() == [
        "rempart: claim_minute: there is no such key; did you mean `claim_minutes`?",
        "rempart: two_person: `remove` cannot be in it: taking something down never waits for a second person.",
        "rempart: two_person: `add_to_list` cannot be left out of it: nobody does so alone.",
    ]
    file.write_text(json.dumps({"claim_minutes": 20}))
    assert run("work", "put", file, "--check").stdout == "No mistakes.\n"
    lead, auditor = people
    refused = run("work", "put", file, "--as", "ida", "--data", data, stdin=auditor())
    assert refused.returncode == 2
    assert "A lead may." in refused.stderr
    done = run("work", "put", file, "--as", "lea", "--data", data, "--json", stdin=lead())
    assert json.loads(done.stdout) == {"version": 1}
    assert json.loads(run("work", "show", "--data", data).stdout) == {"claim_minutes": 20}
    file.write_text("{")
    assert "is no JSON" in run("work", "put", file, "--data", data).stderr
