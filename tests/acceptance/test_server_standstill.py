"""One of two servers stands still with all its leases in its hands: the other goes on, and nothing happens twice."""

from pathlib import Path

import pytest

from databases import Cluster
from faults.pair import stands_still_and_comes_back


@pytest.mark.timeout(400)
def test_server_that_stands_still_is_replaced_fenced_and_taken_back(cluster: Cluster, tmp_path: Path) -> None:
    stands_still_and_comes_back(tmp_path / "service", cluster=cluster, seconds=0)
