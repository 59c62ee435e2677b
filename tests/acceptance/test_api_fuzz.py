"""Whatever is asked of the API, by whomever: an answer that the OpenAPI document has, and never a 5xx."""

from pathlib import Path

import pytest

from faults.questions import ask_everything

SEED = 20261122


@pytest.mark.timeout(400)
def test_every_answer_stands_in_the_document_and_none_is_a_server_error(tmp_path: Path) -> None:
    found = ask_everything(tmp_path / "service", passes=1, number=SEED, seconds=200.0, questions=8)
    assert not found.wrong, found.told()
    assert set(found.asked) == found.operations
    assert found.statuses[200] > 20
    assert sum(found.asked.values()) > 200
