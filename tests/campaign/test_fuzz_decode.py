"""The long form of the decode fuzzing: `make campaign`, or REMPART_CAMPAIGN=1 with this file."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

FILES = 100_000

_SHORT = Path(__file__).parents[1] / "contract" / "signals" / "test_fuzz.py"


@pytest.mark.skipif("REMPART_CAMPAIGN" not in os.environ, reason="takes many minutes; set REMPART_CAMPAIGN=1")
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_damaged_files_each_get_an_outcome() -> None:
    spec = importlib.util.spec_from_file_location("short_fuzz", _SHORT)
    assert spec is not None
    assert spec.loader is not None
    short = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(short)
    outcomes = short.run(FILES, seed=int(os.environ.get("REMPART_FUZZ_SEED", "2")))
    print(dict(outcomes))
    assert sum(outcomes.values()) == FILES
