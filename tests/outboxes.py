"""A deployment with reports in every state, for the pages that show them."""

from types import SimpleNamespace

from desks import join_team
from judging import ADA, LEA, RUI
from rempart.reports.cybertip.values import ReportState
from reporting import a_report, reported


def team(house):
    """Those who decide, once for each deployment."""
    with house.store.write() as conn:
        join_team(conn, RUI, ADA, LEA)


def every_report(house, number=100):
    """A report in each state, by the name of its state; all are of one decision."""
    vault, found = house.runtime.service.vault, {}
    task = reported(house.store, vault, number)
    for part, state in enumerate(ReportState):
        found[state.value] = a_report(house.store, vault, task, state=state, part=part).id
    return SimpleNamespace(**found)
