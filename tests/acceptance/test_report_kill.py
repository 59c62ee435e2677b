"""Killed at the steps of filing a report: the service has it once, and what is written down says so. Each database
takes every other step; all of them, on every bad day of the service, are in the campaign."""

from tipkilling import killing


def test_a_report_is_finished_once_whenever_the_process_dies(store, database_url, tmp_path):
    first = 1 if store.dialect == "sqlite" else 2
    with killing(store, database_url, tmp_path) as run:
        run.every_step(first=first, stride=2)
        assert run.kills > 20
