"""One of two servers stands still with all its leases in its hands: the other goes on, and nothing happens twice."""

from pathlib import Path

import pytest

from databases import Cluster
from faults.pair import Pair
from receivers import receiving


@pytest.mark.timeout(240)
def test_server_that_stands_still_is_replaced_fenced_and_taken_back(cluster: Cluster, tmp_path: Path) -> None:
    with receiving() as receiver:
        pair = Pair(tmp_path / "service", database=cluster.new_database(), receiver=receiver)
        try:
            with pair.one.client(pair.stand.key) as client:
                assert client.post("/v1/webhooks", json={"url": receiver.url}).status_code == 201
            pair.stop_in_the_middle()
            pair.other_goes_on(seconds=0)
            pair.resumed_one_knows_all()
            pair.nothing_happened_twice()
            pair.killed_one_is_replaced_at_once()
        finally:
            pair.close()
