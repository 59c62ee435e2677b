"""The CyberTipline as settings name it: rehearsed on this machine, and nowhere else unless they say so."""

import base64
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from rempart.errors import SettingsError
from rempart.evidence.vault import HeldKeys
from rempart.reports.cybertip.document.records import CyberTip, Email, IncidentSummary, IncidentType, Report
from rempart.reports.cybertip.document.writing import report_xml
from rempart.reports.cybertip.service.answers import AnswerKind
from rempart.reports.cybertip.service.schema import compiled, keep
from rempart.reports.cybertip.values import Environment
from rempart.server import cybertips
from rempart.server.drafting import house_of
from rempart.settings import CybertipSettings, Settings

AT = datetime(2026, 11, 1, tzinfo=UTC)
TEST = {"test_user": "u", "test_password": "p", "reporter_email": "desk@example.org"}
SCHEMA = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="report"><xs:complexType>
<xs:sequence><xs:element name="additionalInfo" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
<xs:element name="fileDetails"><xs:complexType><xs:sequence><xs:element name="fileId" type="xs:string"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""


def settings(folder, **told):
    return Settings(data=folder, cybertip=CybertipSettings(**told))


def a_tip(told):
    summary = IncidentSummary(type=IncidentType.DOMAIN, at=AT)
    return CyberTip(report=Report(incident=summary, reporter=cybertips.reporter_of(told)))


def test_a_rehearsal_goes_on_where_the_last_connection_left_it(tmp_path):
    told = settings(tmp_path)
    with cybertips.connection_of(told) as line:
        number = line.open(report_xml(a_tip(told).report)).report_id
        assert line.open(b"<report/>").kind is AnswerKind.WRONG
    with cybertips.connection_of(told) as line:
        assert line.finish(number).kind is AnswerKind.OK
        assert line.finish(number).kind is AnswerKind.FINISHED
        assert int(line.open(report_xml(a_tip(told).report)).report_id) == int(number) + 1
    kept = b"".join(path.read_bytes() for path in (tmp_path / "rehearsal").iterdir())
    assert b"example.org" not in kept


def test_each_environment_has_credentials_of_its_own(tmp_path):
    told = settings(tmp_path, environment="test", **TEST)
    with pytest.raises(SettingsError, match="production") as found:
        cybertips.connection_of(told, environment=Environment.PRODUCTION).__enter__()
    assert "production_password" in found.value.hint
    with cybertips.connection_of(told) as line:
        assert repr(line) == "Connection('https://exttest.cybertip.org/ispws')"


def test_the_mark_changes_with_what_a_service_is_asked_with(tmp_path):
    keyring = HeldKeys(base64.b64encode(bytes(32)).decode())
    mark = [
        cybertips.mark_of(settings(tmp_path, **(TEST | more)), Environment(which), keyring=keyring)
        for which, more in [
            ("test", {}), ("test", {}), ("test", {"test_password": "q"}), ("test", {"test_user": "v"}),
            ("production", {}), ("rehearsal", {}),
        ]
    ]  # fmt: skip
    assert mark[0] == mark[1]
    assert len(set(mark)) == 5


def test_the_reporter_is_who_the_settings_name(tmp_path):
    told = settings(
        tmp_path, reporter_first_name="Ada", reporter_email="ada@example.org", contact_phone="+33 1",
        terms="No abuse.", legal_url="https://example.org/legal",
    )  # fmt: skip
    found = cybertips.reporter_of(told)
    assert (found.person.first_name, found.person.last_name) == ("Ada", None)
    assert found.person.emails == (Email(value="ada@example.org"),)
    assert found.contact.phones[0].value == "+33 1"
    assert (found.terms_of_service, found.legal_url) == ("No abuse.", "https://example.org/legal")
    assert cybertips.reporter_of(settings(tmp_path)).person.emails[0].value == cybertips.REHEARSER


def test_what_was_rehearsed_under_another_name_is_not_filed_for_real(tmp_path):
    rehearsed = a_tip(settings(tmp_path))  # nobody is set: an address that is nobody's stands there
    real = {"environment": "production", "production_user": "u", "production_password": "p"}
    told = settings(tmp_path, reporter_email="ada@example.org", **real)
    assert cybertips.check_of(settings(tmp_path))(rehearsed, AT) == ()
    assert cybertips.check_of(told)(rehearsed, AT) == ("The reporter is not the one that is set.",)
    assert cybertips.check_of(told)(a_tip(told), AT) == ()


def test_a_pinned_schema_has_a_say_and_a_missing_one_stops_sending(tmp_path):
    told = settings(tmp_path, schema_sha256=compiled(SCHEMA).sha256)
    with pytest.raises(SettingsError, match="schema_sha256"):
        cybertips.connection_of(told).__enter__()
    assert cybertips.check_of(told)(a_tip(told), AT) == ()
    keep(tmp_path / cybertips.SCHEMAS, compiled(SCHEMA))
    assert cybertips.check_of(settings(tmp_path))(a_tip(told), datetime(2026, 11, 2, tzinfo=UTC)) == ()
    later = datetime(2026, 11, 2, tzinfo=UTC)
    refused = cybertips.check_of(told)(a_tip(told), later)
    assert [str(one).partition(" Correct")[0] for one in refused] == [
        "The service's schema refuses this: /report/incidentSummary: element content."
    ]
    assert house_of(told).problems(a_tip(told), now=later) == refused  # said as soon as it is asked
    assert house_of(settings(tmp_path)).problems(a_tip(told), now=later) == ()
    with cybertips.connection_of(told) as line:
        assert line.open(report_xml(a_tip(told).report)).kind is AnswerKind.WRONG


_LISTENING = """
import sys
asked = []
def hook(event, args):
    if event in ("socket.connect", "socket.sendto"):
        asked.append(str(args[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        asked.append(str(args[0]))
sys.addaudithook(hook)
from pathlib import Path
from rempart.server import cybertips
from rempart.settings import CybertipSettings, Settings
told = Settings(data=Path(sys.argv[1]), cybertip=CybertipSettings(test_user="u", test_password="p", production_user="u",
                production_password="p", reporter_email="a@b.example"))
with cybertips.connection_of(told) as line:
    number = line.open(b"<report/>").report_id or "1"
    line.status(), line.schema(), line.upload(number, "a", [b"a"], 1), line.finish(number), line.retract(number)
assert len(asked) >= 6, asked
print(sorted({one.split("'")[1] if "'" in one else one for one in asked}))
"""


def test_a_rehearsal_connects_to_this_machine_only(tmp_path):
    told = {**os.environ, "HTTPS_PROXY": "http://192.0.2.1:3128", "HTTP_PROXY": "http://192.0.2.1:3128"}
    run = subprocess.run(
        [sys.executable, "-c", _LISTENING, str(tmp_path)],
        env=told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "['127.0.0.1']"
