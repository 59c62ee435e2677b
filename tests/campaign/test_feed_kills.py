"""kill -9 in the middle of decisions, two hundred times."""

import os

import pytest

from feedkilling import killed_again_and_again


@pytest.mark.skipif("REMPART_CAMPAIGN" not in os.environ, reason="long form: set REMPART_CAMPAIGN=1")
@pytest.mark.timeout(3600)
def test_no_webhook_is_lost_over_two_hundred_kills(tmp_path):
    killed_again_and_again(tmp_path, rounds=200, seed=11)
