"""The look-back benchmark measures what it says: each fingerprint leads to one case with all its copies."""

import json

from click.testing import CliRunner

from rempart.cli.bench.lookback import command


def test_each_picture_leads_to_one_case_and_what_is_nowhere_to_none():
    done = CliRunner().invoke(command, ["--items", "20000", "--rounds", "3", "--json"], standalone_mode=False)
    assert done.exception is None, done.output
    told = json.loads(done.output)
    assert [one["cases"] for one in told["timed"]] == [1.0, 1.0, 0.0, 0]
    assert all(0 < one["p50_ms"] <= one["p95_ms"] for one in told["timed"])
