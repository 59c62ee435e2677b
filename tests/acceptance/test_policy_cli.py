"""`rempart policy` as people use it: check a file, see what it would change, propose it, approve it."""

import json
import os
import subprocess
import sys

import pytest

from consoling import enrol
from hosting import host
from rempart.clock import utc_now
from rempart.items.records import checks
from rempart.people.permissions import Role
from rempart.policy.reading import default_text
from rempart.signals.outcome import Outcome
from rempart.store.engine import Store
from serving import SRC, make_data

STRICT = default_text().replace('[otherwise]\nverdict = "allow"', '[otherwise]\nverdict = "hold"')


def run(*arguments, stdin=""):
    return subprocess.run(
        [sys.executable, "-m", "rempart", "policy", *map(str, arguments)], input=stdin, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)}, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    settings = make_data(tmp_path_factory.mktemp("policy") / "data")
    now = utc_now()
    match = {
        "list": "police", "entry": "e-1", "signal": "pdq", "distance": 12, "scheme": "vic-us", "code": "1",
        "opinion": "positive", "facet": None, "probe": "canonical", "list_id": "list_1", "mode": "blocking",
        "entry_id": 1,
    }  # fmt: skip
    with Store.open(settings.database_url) as store:
        with store.write() as conn:
            for number in range(12):
                host(conn, number)
                facts = {"matches": [match]} if number < 2 else None
                checks.add(conn, [{
                    "request": f"check_{number}", "item": number, "service": "forum", "outcome": Outcome.OK,
                    "verdict": "allow", "rule": "otherwise", "policy": 0, "mark": 0, "facts": facts, "case_id": None,
                    "at": now,
                }])  # fmt: skip
    return settings.data


@pytest.fixture
def strict(tmp_path):
    path = tmp_path / "strict.toml"
    path.write_text(STRICT)
    return path


def test_a_good_file_is_good_and_a_bad_one_is_told_with_every_line(tmp_path, strict):
    assert run("check", strict).stdout == "default: 5 rules, no mistakes.\n"
    bad = tmp_path / "bad.toml"
    bad.write_text(STRICT.replace('verdict = "block"', 'verdict = "deny"').replace("exact = false", "exactly = false"))
    done = run("check", bad)
    assert done.returncode == 2
    lines = [
        number for number, line in enumerate(bad.read_text().splitlines(), 1) if "deny" in line or "exactly" in line
    ]
    assert [f"Line {number}:" in done.stderr for number in lines] == [True, True]
    assert "did you mean `exact`" in done.stderr
    assert all(line.startswith("rempart: Line ") for line in done.stderr.splitlines())
    assert len(done.stderr.splitlines()) == len(lines)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    assert "cannot be read" in run("check", tmp_path / "nothing.toml").stderr
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert run("check", tmp_path / "binary").returncode == 2


def test_a_trial_shows_what_would_differ_and_changes_nothing(data, strict):
    done = run("test", strict, "--data", data)
    assert done.returncode == 1
    assert "12 checks of the last 30 days, against version" in done.stdout
    assert "10 verdicts would differ." in done.stdout
    assert "forum: photo-1" in done.stdout
    told = json.loads(run("test", strict, "--data", data, "--json").stdout)
    assert (told["checks"], told["changed"]) == (12, 10)
    (change,) = told["changes"]
    assert (change["before"], change["after"], change["count"]) == ("allow", "hold", 10)
    assert told["items"][str(change["examples"][0])] == f"forum: photo-{change['examples'][0]}"


def test_a_trial_of_the_same_policy_shows_nothing(data, tmp_path):
    same = tmp_path / "same.toml"
    same.write_text(run("show", "--data", data).stdout)
    done = run("test", same, "--data", data)
    assert (done.returncode, "Nothing would differ." in done.stdout) == (0, True)


def test_a_second_person_puts_it_in_force(data, strict):
    lea, cy, rui = enrol(data, ("lea", Role.LEAD), ("cy", Role.CURATOR), ("rui", Role.REVIEWER))
    by_reviewer = run("put", strict, "--data", data, "--as", "rui", stdin=rui())
    assert (by_reviewer.returncode, "may not propose" in by_reviewer.stderr) == (2, True)
    wrong = run("put", strict, "--data", data, "--as", "lea", stdin=lea(password="wrong"))
    assert (wrong.returncode, "password or code" in wrong.stderr) == (2, True)
    made = json.loads(run("put", strict, "--data", data, "--as", "lea", "--json", stdin=lea()).stdout)
    own = run("approve", made["policy"], "--data", data, "--as", "lea", stdin=lea())
    assert own.returncode == 2
    assert "Who asked cannot approve" in own.stderr
    done = run("approve", made["policy"], "--data", data, "--as", "cy", stdin=cy())
    assert done.returncode == 0, done.stderr
    assert "in force" in done.stdout
    assert run("show", "--data", data).stdout == STRICT
    again = run("put", strict, "--data", data)
    assert (again.returncode, "which is in force" in again.stderr) == (2, True)
    listed = run("show", "--data", data, "--all", "--json").stdout
    assert json.loads(listed)[0]["state"] == "put"


def test_a_version_that_was_never_is_told(data):
    done = run("show", "--version", "99", "--data", data)
    assert (done.returncode, "no version 99" in done.stderr) == (2, True)


def test_a_data_folder_that_is_not_there_is_told(tmp_path, strict):
    done = run("test", strict, "--data", tmp_path / "none")
    assert (done.returncode, "rempart init" in done.stderr) == (2, True)
