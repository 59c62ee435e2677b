"""Reports on the command line: rehearsed from the first look to the receipt, and never beyond this machine."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from commands import command
from consoling import enrol
from rempart.cli.datafolder import opened_data
from rempart.people.permissions import Role
from rempart.reports.cybertip.records import files
from rempart.reports.cybertip.service.misbehaving import How
from reporting import drafted
from serving import SRC
from vaults import BY, a_vault

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<report><incidentSummary><incidentType>Misleading Domain Name</incidentType>
<incidentDateTime>2026-01-01T00:00:00Z</incidentDateTime></incidentSummary>
<reporter><reportingPerson><email>desk@example.org</email></reportingPerson></reporter></report>"""
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="report"><xs:complexType>
<xs:sequence><xs:element name="additionalInfo" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
<xs:element name="fileDetails"><xs:complexType><xs:sequence><xs:element name="fileId" type="xs:string"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""
# Runs a command and writes down every address that this process wanted to reach, or to know.
_WATCHED = """
import sys
asked = set()
def hook(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        one = args[0] if event.startswith("socket.get") else args[1]
        asked.add(one[0] if isinstance(one, tuple) else str(one))
sys.addaudithook(hook)
from rempart.cli import main
try:
    main()
finally:
    print("asked", sorted(asked), file=sys.stderr)
"""


@pytest.fixture
def data(tmp_path):
    made = command("init", tmp_path / "data", "--admin-email", "you@example.org")
    assert made.returncode == 0, made.stderr
    return tmp_path / "data"


def set_up(data, text):
    with (data / "rempart.toml").open("a") as file:
        file.write(f"\n[cybertip]\n{text}\n")


def test_a_report_is_rehearsed_to_its_receipt_and_nothing_leaves_this_machine(data):
    set_up(
        data, 'environment = "test"\ntest_user = "u"\ntest_password = "pw-geheim"\nreporter_email = "t@forum.example"'
    )
    run = subprocess.run(
        [sys.executable, "-c", _WATCHED, "reports", "rehearse", "--json", "--data", str(data)],
        env={**os.environ, "PYTHONPATH": str(SRC)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert (told["state"], told["finished_at_the_service"], told["rehearsed"]) == ("filed", 1, True)
    assert [one["result"] for one in told["calls"]] == ["ok", "ok", "ok", "lost", "finished"]
    assert "5102" in told["receipt"]
    assert told["viewed"] == [True]
    assert any("incidentType" in one for one in told["lacking_before"])
    assert told["ledger"][-1] == "report.filed"
    assert "asked ['127.0.0.1']" in run.stderr
    assert "geheim" not in run.stdout + run.stderr


def test_a_refused_report_is_not_filed_and_the_rehearsal_says_so():
    run = command("reports", "rehearse", "--misbehave", "submit:refuse")
    assert run.returncode == 2
    assert "refused and is not filed" in run.stdout
    assert "finished 0" in run.stdout


def test_a_behaviour_that_is_not_known_is_named(data):
    run = command("reports", "rehearse", "--misbehave", "finish:sing")
    assert run.returncode == 2
    assert "hang_after" in run.stderr
    listed = command("reports", "test-server", "--behaviours").stdout
    assert all(how.value in listed for how in How)


@pytest.fixture
def server(tmp_path):
    (tmp_path / "own.xsd").write_text(SCHEMA)
    process = subprocess.Popen(
        [sys.executable, "-m", "rempart", "reports", "test-server", "--password", "pw-geheim", "--schema",
         str(tmp_path / "own.xsd")],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(SRC)},
    )  # fmt: skip
    try:
        yield "\n".join(process.stdout.readline().strip() for _ in range(5)).removeprefix("[cybertip]\n")
    finally:
        process.send_signal(signal.SIGINT)
        told = process.stdout.read()
        process.wait(20)
        process.stdout.close()
        assert "Finished: 0" in told


def test_status_and_schema_ask_the_service_with_the_credentials_that_are_set(data, server):
    set_up(data, server + '\nreporter_email = "t@forum.example"')
    well = command("reports", "status", "--data", data)
    assert (well.returncode, "knows the credentials" in well.stdout) == (0, True)
    wrong = {"REMPART_CYBERTIP__TEST_PASSWORD": "another"}
    refused = command("reports", "status", "--data", data, "--json", environ=wrong)
    assert (refused.returncode, json.loads(refused.stdout)["answer"]) == (2, "credentials")
    none = command("reports", "status", "--data", data, "--environment", "production")
    assert (none.returncode, "production_password" in none.stdout) == (2, True)

    fetched = command("reports", "schema", "--fetch", "--data", data)
    digest = re.search(r'schema_sha256 = "(\w+)"', fetched.stdout).group(1)
    pinned = {"REMPART_CYBERTIP__SCHEMA_SHA256": digest}
    assert digest in command("reports", "schema", "--data", data, environ=pinned).stdout
    assert "the one that is pinned" in command("reports", "schema", "--fetch", "--data", data, environ=pinned).stdout
    assert command("reports", "check", "-", "--data", data, given=REPORT).returncode == 0
    by_schema = command("reports", "check", "-", "--data", data, given=REPORT, environ=pinned)
    assert (by_schema.returncode, "element content" in by_schema.stderr) == (1, True)
    (data / "cybertip" / f"{digest}.xsd").unlink()
    gone = command("reports", "status", "--data", data, environ=pinned)
    assert (gone.returncode, "schema_sha256" in gone.stderr) == (2, True)
    shown = [one.stdout + one.stderr for one in (well, refused, none, fetched, by_schema, gone)]
    assert not [one for one in shown if "geheim" in one or "another" in one]


def test_a_document_is_checked_by_field_and_nothing_of_it_is_said_again():
    wrong = REPORT.replace("2026-01-01T00:00:00Z", "Anna Secret")
    run = command("reports", "check", "-", given=wrong)
    assert run.returncode == 1
    assert "incidentDateTime" in run.stderr
    assert "Secret" not in run.stderr
    assert command("reports", "check", "-", given="<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").returncode == 1
    assert json.loads(command("reports", "check", "-", "--json", given=REPORT).stdout) == {"-": []}


def test_a_file_is_attached_by_a_person_and_opens_again_as_it_was(data, tmp_path):
    (rae,) = enrol(data, ("rae", Role.REVIEWER))
    with opened_data(data) as folder:
        vault = a_vault(folder.store, blobs=data / "blobs", keys=folder.keyring)
        [report] = drafted(folder.store, vault)
    film = tmp_path / "film.mp4"
    film.write_bytes(os.urandom(3 << 20))
    attach = ("reports", "attach", report.id, film, "--as", "rae", "--data", data)
    done = command(*attach, given=rae())
    assert (done.returncode, f"{3 << 20} bytes" in done.stdout) == (0, True), done.stderr
    with opened_data(data) as folder, folder.store.read() as conn:
        *_, row = files.of_report(conn, report.id)
        with folder.vault().open_stream(row.object, purpose="a test", by=BY) as opened:
            assert b"".join(map(bytes, opened)) == film.read_bytes()
    wrong = command("reports", "attach", report.id, tmp_path / "none", "--as", "rae", "--data", data, given=rae())
    assert (wrong.returncode, "cannot be read" in wrong.stderr) == (2, True)
    nobody = command("reports", "attach", "report_none", film, "--as", "rae", "--data", data, given=rae())
    assert nobody.returncode == 2
