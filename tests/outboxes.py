"""A deployment with reports in every state, for the pages that show them."""

import time
from types import SimpleNamespace

from desks import join_team
from judging import ADA, LEA, REMOVE, REPORT, RUI, answered, no_window, settler
from rempart.cases.assessing.tasks import waiting_of
from rempart.cases.records import cases
from rempart.reports.cybertip.records import reports
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
    for _ in range(500):
        with settler(house.store, house.runtime.service.vault) as run:
            run()
        with house.store.read() as conn:
            found = cases.find(conn, case_id)
            if found.stage != "settling" or found.state != "open":
                return
        time.sleep(0.02)
    raise AssertionError("the case was not settled")


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
