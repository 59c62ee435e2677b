"""A confirmed report arrives once, whatever the service and the network do; what was answered is kept."""

import pytest

from rempart.reports.cybertip.values import ReportState
from tipfiling import begun, desk, means_of, stands, tipline, told_of
from vaults import a_vault


@pytest.fixture
def vault(store):
    made = a_vault(store)
    made.duties = frozenset({"us-2258a"})
    return made


def test_a_report_is_opened_filled_finished_and_its_receipt_is_sealed(store, vault):
    report_id = begun(store, vault, contents=(b"one picture", b"and another"))
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go()
        row = stands(store, report_id)
        assert row.state is ReportState.FILED, row.why
        assert told_of(server, report_id) == [row.number]
        assert server.calls == ["submit", "upload", "upload", "fileinfo", "fileinfo", "finish"]
