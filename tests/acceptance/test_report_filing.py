"""A confirmed report in a data folder: a server at work files it, and the commands tell how it stands."""

import json

from commands import command
from receivers import wait_until
from rempart.clock import utc_now
from rempart.reports.cybertip.filing.values import Step
from rempart.reports.cybertip.records import calls, reports
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.server.vaults import open_keyring, open_vault
from rempart.store.engine import Store
from serving import make_data, serving
from tipfiling import PASSWORD, confirmed, tipline
from vaults import Hands


def a_confirmed_report(settings):
    """One in the data folder, made a moment ago."""
    hands = Hands()
    hands.now = utc_now()
    with Store.open(settings.database_url, clock=hands) as store:
        vault = open_vault(settings, store, keyring=open_keyring(settings, {}), clock=hands)
        return confirmed(store, vault)


def stands(settings, report_id):
    with Store.open(settings.database_url) as store, store.read() as conn:
        return reports.find(conn, report_id)


def rempart(settings, *words):
    return command("reports", *words, "--data", settings.data)


def test_a_server_files_what_was_confirmed_with_its_own_rehearsal(tmp_path):
    settings = make_data(tmp_path / "data")
    report_id = a_confirmed_report(settings)
    assert rempart(settings, "list").stdout.startswith(f"{report_id}  confirmed (rehearsal)")
    with serving(settings):
        wait_until(lambda: stands(settings, report_id).state is ReportState.FILED, 30)
        first = stands(settings, report_id)
        assert first.environment is Environment.REHEARSAL
        done = rempart(settings, "show", report_id)
        assert f"{report_id}  rehearsed, not reported (rehearsal), number {first.number}" in done.stdout
        assert "4. " in done.stdout
        assert "finish: ok  200 0" in done.stdout
        assert rempart(settings, "file", report_id).stdout == "It is filed in a moment (rehearsal).\n"
        wait_until(lambda: stands(settings, report_id).run == 2 and stands(settings, report_id).filed_at, 30)
    told = json.loads(rempart(settings, "show", report_id, "--json").stdout)
    assert [one["outcome"] for one in told["runs"]] == ["filed", "filed"]
    assert len(told["calls"]) == 8
    assert b"<reportDoneResponse>" in rempart(settings, "show", report_id, "--receipt").stdout.encode()


def test_a_service_that_refuses_the_credentials_is_told_of_once_by_command_and_log(tmp_path):
    with tipline(clock=utc_now) as server:
        more = (
            f'[cybertip]\nenvironment = "test"\ntest_url = "{server.url}"\ntest_user = "rehearsal"\n'
            'test_password = "wrong"\nreporter_email = "reports@forum.example"\n'
        )
        settings = make_data(tmp_path / "data", more=more)
        report_id = a_confirmed_report(settings)
        with serving(settings) as process:
            wait_until(lambda: (stands(settings, report_id).why or "").startswith("credentials"), 30)
            assert "refuses the credentials" in rempart(settings, "list").stderr
        assert sum("refuses the credentials" in line for line in process.log) == 1
        text = (settings.data / "rempart.toml").read_text().replace('"wrong"', f'"{PASSWORD}"')
        (settings.data / "rempart.toml").write_text(text)
        with serving(settings):
            wait_until(lambda: stands(settings, report_id).state is ReportState.FILED, 30)
        assert len(server.finished) == 1
    assert rempart(settings, "retry", report_id).returncode == 2
    with Store.open(settings.database_url) as store, store.read() as conn:
        made = calls.of_report(conn, report_id)
    assert [one.step for one in made if one.result == "ok"] == [Step.OPEN, Step.UPLOAD, Step.DESCRIBE, Step.FINISH]
