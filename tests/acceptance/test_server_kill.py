"""A server that is killed outright at any moment keeps its promises: answers, decisions, messages, evidence, ledger."""

from pathlib import Path

import pytest

from databases import Cluster
from faults.rounds import Rounds
from receivers import receiving


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.timeout(400)
def test_what_was_acknowledged_outlives_kills_under_load(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster | None = request.getfixturevalue("cluster") if database == "postgres" else None
    with receiving() as receiver:
        rounds = Rounds(
            tmp_path / "service", seed=20261122, receiver=receiver,
            database=cluster.new_database() if cluster else "", disk=(cluster.home,) if cluster else (),
        )  # fmt: skip
        print("seed", rounds.seed)
        rounds.run(3)
    assert rounds.kills == 3
    assert rounds.looked_at > 20
    assert rounds.evidence > 0
    assert rounds.promises.decided
    assert rounds.messages > 0
