"""Whatever is asked of the API, by whomever: an answer that the OpenAPI document has, and never a 5xx."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from faults.questions import Questioner
from faults.stand import Stand

SECONDS = float(__import__("os").environ.get("SECS","60"))
SEED = 20261122


@pytest.mark.timeout(200)
def test_every_answer_stands_in_the_document_and_none_is_a_server_error(tmp_path: Path) -> None:
    stand = Stand(tmp_path / "service", more="[people]\naddress_per_minute = 1000000\n")
    server = stand.start()
    try:
        with ExitStack() as parts:
            asking = Questioner(stand, server, parts)
            asking.run(examples=int(__import__("os").environ.get("EX","8")), number=SEED, until=time.monotonic() + SECONDS)
            found = asking.found
    finally:
        server.kill()
    print("seed", SEED, dict(found.statuses), sum(found.asked.values()), "questions")
    assert not found.wrong, "\n".join(f"{name}\n    {what}" for name, what in sorted(found.wrong.items()))
    assert not any("Traceback" in line for line in server.log), "".join(server.log[-40:])
    assert found.statuses[200] > 20
    assert sum(found.asked.values()) > 200
