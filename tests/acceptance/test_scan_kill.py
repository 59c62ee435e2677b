"""A scan that is killed outright and resumed ends as one that was left alone, in every form."""

from pathlib import Path

from killing import Killing


def test_killed_scan_resumes_to_the_same_results_in_every_form(tmp_path: Path) -> None:
    killing = Killing(tmp_path, seed=1)
    assert len(killing.baseline.lines) > 300
    assert killing.killed_and_resumed("killed", kills=5) == killing.baseline
    assert killing.kills_in_mid_scan >= 1
