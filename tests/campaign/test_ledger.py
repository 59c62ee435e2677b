"""The long forms of the ledger tests: tens of thousands of tampered exports, many kills, 100,000 leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", ["contract/evidence/test_sequencer.py", "unit/evidence/test_verify.py"])
def test_the_short_forms_hold_at_length(part):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "--timeout", "0", str(TESTS / part)],
        cwd=TESTS.parent,
        env=os.environ | {"REMPART_CAMPAIGN": "1"},
        check=False,
    )
    assert done.returncode == 0
