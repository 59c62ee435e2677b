"""Killed at every step of filing a report: the service has it once, and what is written down says so."""

from tipkilling import killing


def test_a_report_is_finished_once_whenever_the_process_dies(store, database_url, tmp_path):
    with killing(store, database_url, tmp_path) as run:
        steps = run.every_step()
        print(steps, run.kills)
        assert run.kills > 30
