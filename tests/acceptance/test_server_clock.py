"""The clock of the machine jumps: work goes on, nothing is thrown away, and no process is taken for dead."""

from pathlib import Path

import pytest

from faults import atrest
from faults.load import bodies, listed
from faults.stand import Group, Stand
from faults.witness import Witness
from judging import assess_over
from receivers import Receiver, receiving, wait_until

PICTURES = bodies()


def set_clock(path: Path, seconds: int) -> None:
    beside = path.with_name("beside")
    beside.write_text(str(seconds))
    beside.replace(path)


def decide_one(stand: Stand, server: Group, *, ahead: int) -> None:
    """A reviewer who signed in by the clock that is in force decides a case."""
    stand.sign_in("reviewer", ahead=ahead)
    with stand.person("reviewer", server.url) as reviewer:
        cases = reviewer.get("/v1/cases").json()["cases"]
        fresh = next(one for one in cases if one["stage"] == "first")
        done = assess_over(reviewer, fresh["id"], "remove")
        assert done.status_code == 200, done.text


def all_goes_on(stand: Stand, server: Group, witness: Witness, receiver: Receiver, *, ahead: int) -> None:
    """Checks are answered, and a decision reaches the service."""
    told = len(receiver.ids())
    witness.wait_for(200)
    decide_one(stand, server, ahead=ahead)
    wait_until(lambda: len(receiver.ids()) > told)


def _signed(stand: Stand, server: Group) -> int:
    with server.client(stand.key) as client:
        found = client.get("/ledger/checkpoint")
    return int(found.text.splitlines()[1]) if found.status_code == 200 else -1


@pytest.mark.timeout(400)
def test_clock_that_jumps_an_hour_forwards_and_two_back_stops_and_loses_nothing(tmp_path: Path) -> None:
    stand, clock = Stand(tmp_path / "service", listed=listed(PICTURES)), tmp_path / "clock"
    set_clock(clock, 0)
    server = stand.start(clock=clock)
    try:
        with receiving() as receiver, server.client(stand.key) as client:
            assert client.post("/v1/webhooks", json={"url": receiver.url}).status_code == 201
            with Witness(stand, server.url, PICTURES, threads=1, pause=0.05) as witness:
                all_goes_on(stand, server, witness, receiver, ahead=0)
                for ahead in (3600, -3600, 0):
                    signed = _signed(stand, server)
                    set_clock(clock, ahead)
                    wait_until(lambda: _signed(stand, server) > signed)  # noqa: B023 - called at once
                    all_goes_on(stand, server, witness, receiver, ahead=ahead)
            witness.honest()
            assert set(witness.statuses()) == {200}
            with stand.store() as store:
                wait_until(lambda: atrest.nothing_waits(store))
                atrest.rows_have_their_leaves(store)
                atrest.ledger_verifies(stand.settings, store, (), tmp_path)
                assert atrest.evidence_opens(stand.settings, store, set()) > 3
            assert len(set(receiver.ids())) == len(receiver.ids()), "a message was sent again"
    finally:
        server.kill()
    assert not any("called dead" in line or "Traceback" in line for line in server.log), "".join(server.log[-60:])
