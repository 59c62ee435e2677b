"""The long forms of other tiers' tests.

The ledger: tens of thousands of tampered exports, many kills, 100,000 leaves. Lists: a 500 MB hash set, many mutated
files, many flipped bytes. CyberTipline reports: tens of thousands of altered documents.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "part",
    [
        "contract/evidence/test_sequencer.py",
        "unit/evidence/test_verify.py",
        "contract/lists",
        "unit/lists/test_damage.py",
        "unit/reports/test_cybertip_document.py",
        "unit/reports/test_cybertip_mutants.py",
    ],
)
def test_the_short_forms_hold_at_length(part):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "--timeout", "0", str(TESTS / part)],
        cwd=TESTS.parent,
        env=os.environ | {"REMPART_CAMPAIGN": "1"},
        check=False,
    )
    assert done.returncode == 0
