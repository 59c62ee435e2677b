"""Hundreds of kills at random moments: no file is lost, none stands there twice, no output is half written."""

import os
from pathlib import Path

import pytest

from killing import Killing

KILLS = 300


@pytest.mark.skipif("REMPART_CAMPAIGN" not in os.environ, reason="the long form runs with REMPART_CAMPAIGN=1")
@pytest.mark.timeout(0)
def test_hundreds_of_kills_change_no_result(tmp_path: Path) -> None:
    killing = Killing(tmp_path, seed=2)
    number = 0
    while killing.kills < KILLS:
        number += 1
        name = f"run{number}"
        assert killing.killed_and_resumed(name, kills=killing.random.randint(1, 8)) == killing.baseline
    print(f"{killing.kills} kills, {killing.kills_in_mid_scan} of them in mid scan, over {number} scans")
