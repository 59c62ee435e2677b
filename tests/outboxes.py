"""A deployment with reports in every state, for the pages that show them."""

from types import SimpleNamespace

from desks import join_team
from judging import ADA, LEA, REMOVE, REPORT, RUI, answered, no_window, settler
from rempart.cases.assessing.tasks import waiting_of
from rempart.cases.records import cases
from rempart.reports.cybertip.filing.sealing import seal_answer
from rempart.reports.cybertip.records import calls, filings, receipts, reports
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.records.filings import Run
from rempart.reports.cybertip.records.receipts import Receipt
from rempart.reports.cybertip.values import ReportState
from reporting import a_report, maker, to_report


def team(house):
    """Those who decide, once for each deployment."""
    with house.store.write() as conn:
        join_team(conn, RUI, ADA, LEA)
    no_window(house.store)


def to_be_reported(house, number, *, people=(RUI, ADA), decisions=(REMOVE, REPORT), **item):
    """A case that people decided to report, in a deployment whose own jobs run beside; gives its waiting task."""
    vault = house.runtime.service.vault
    case_id = to_report(house.store, vault, number, content=b"an ordinary picture %d" % number, **item)
    for who in people:
        answered(house.store, case_id, *decisions, by=who)
        _settle(house, case_id)
    with house.store.read() as conn:
        return waiting_of(conn, case_id, REPORT)


def _settle(house, case_id):
    """Let an answer take effect, whoever runs the job."""
    with settler(house.store, house.runtime.service.vault) as run:
        run()
    with house.store.read() as conn:
        found = cases.find(conn, case_id)
        assert found.stage != "settling" or found.state != "open", "the case was not settled"


def every_report(house, number=100):
    """A report in each state, by the name of its state; all are of one decision."""
    vault, found = house.runtime.service.vault, {}
    task = to_be_reported(house, number)
    for part, state in enumerate(ReportState, 10):
        found[state.value] = a_report(house.store, vault, task, state=state, part=part).id
    return SimpleNamespace(**found)


def a_draft(house, number, **item):
    """A draft as it is made by itself of a decision; gives its id."""
    task = to_be_reported(house, number, **item)
    with house.store.write() as conn:
        case = cases.find(conn, task.case_id)
        maker(house.runtime.service.vault).of_task(conn, case, task, at=house.clock())
        return reports.of_task(conn, task.id)[0].id


def one_full_draft(house, number):
    """A draft of an account about which much is known, with every sort of field; gives its id."""
    context = {
        "account.screen_name": "kite", "account.email": "kite@mail.example", "account.email_verified": True,
        "account.registration_ip": "192.0.2.7", "account.registered_at": "2026-01-05T08:00:00+00:00",
        "upload.ip": "192.0.2.9", "upload.at": "2026-02-03T10:11:12+00:00", "upload.file_name": "beach.png",
        "upload.port": 41_000, "upload.strange": "x",
    }  # fmt: skip
    return a_draft(house, number, context=context, uploader="kite_77")


def one_sent(house, number):
    """A report that was filed as a rehearsal after a call that failed, with its receipt; gives its id."""
    service, at = house.runtime.service, house.clock()
    vault = service.vault
    task = to_be_reported(house, number)
    row = a_report(house.store, vault, task, state=ReportState.FILED, part=9, run=2, number="700001", filed_at=at)
    body = b"<reportDoneResponse><responseCode>0</responseCode><reportId>700001</reportId></reportDoneResponse>"
    with house.store.write() as conn:
        for run, outcome in ((1, "abandoned"), (2, "filed")):
            filings.add_run(conn, Run(
                report=row.id, run=run, environment="rehearsal", begun=at, number="700001" if run == 2 else None,
                opened=at, touched=at, ended=at, outcome=outcome, why="lost_answer" if run == 1 else None,
            ))  # fmt: skip
        for run, no, step, result, http, code in (
            (1, 1, "open", None, None, None), (2, 1, "open", "ok", 200, 0), (2, 2, "upload", "again", 503, 1110),
            (2, 3, "upload", "ok", 200, 0), (2, 4, "describe", "ok", 200, 0), (2, 5, "finish", "ok", 200, 0),
        ):  # fmt: skip
            sealed = seal_answer(body, report=row.id, run=run, no=no, keyring=vault.keyring) if result else None
            calls.add(conn, CallRow(
                report=row.id, run=run, no=no, step=step, file=None, started=at, digest=b"d" * 32,
                ended=at if result else None, result=result, http=http, code=code,
                request_id=f"req-{run}-{no}" if result else None, response=sealed,
            ))  # fmt: skip
        receipts.add(conn, Receipt(
            report=row.id, run=2, environment="rehearsal", number="700001", object=None, at=at, sealed=at, again=False,
            differs=False,
        ))  # fmt: skip
    return row.id
