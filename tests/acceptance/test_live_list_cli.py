"""`rempart list` on a data folder, as processes: two persons, and imports that are killed."""

import json
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from consoling import enrol
from curating import count_live, curation, ndjson
from listfiles import RUN, SRC, draw
from rempart.clock import utc_now
from rempart.lists import entry_records, staging_records
from rempart.lists.curation_upkeep import handlers
from rempart.lists.records import Mode
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.store.engine import Store
from rempart.store.jobs import JobRunner
from rempart.store.workers import Worker
from serving import make_data


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data").data


@pytest.fixture
def store(data):
    with Store.open(f"sqlite:///{data / 'rempart.db'}") as opened:
        yield opened


def environment(data):
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": SRC, "PYTHONUTF8": "1", "REMPART_DATA": str(data)}


def run(data, *arguments, given=""):
    return subprocess.run(
        [sys.executable, "-c", RUN, "list", *map(str, arguments)], input=given, capture_output=True, text=True,
        env=environment(data), timeout=60,
    )  # fmt: skip


def ok(data, *arguments, given=""):
    done = run(data, *arguments, given=given)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_persons_bring_an_import_into_a_blocking_list(data, store, tmp_path):
    anna, bert = enrol(data, ("anna", Role.CURATOR), ("bert", Role.LEAD))
    file = tmp_path / "partner.ndjson"
    file.write_text(ndjson(30) + "nonsense\n")
    curation(store).create(name="police", by=CONSOLE, mode=Mode.BLOCKING)
    staged = json.loads(ok(data, "import", "police", file, "--json", "--as", "anna", given=anna()))
    assert (staged["state"], staged["counts"]["add"]) == ("staged", 30)
    assert staged["first_refused"] == [{"line": 31, "reason": "the line is not JSON"}]
    changes = staged["changes"]
    assert changes in ok(data, "changes", "police", "--waiting")
    shown = ok(data, "changes", changes)
    assert "e0" in shown
    assert str(draw(1).pdq()) not in shown
    own = run(data, "approve", changes, "--as", "anna", given=anna())
    assert (own.returncode, "Who asked cannot approve" in own.stderr) == (2, True)
    wrong = run(data, "approve", changes, "--as", "bert", given=bert(password="wrong"))
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    nobody = run(data, "approve", changes, "--as", "nobody", given=bert())
    assert nobody.stderr == wrong.stderr
    assert "30 added" in ok(data, "approve", changes, "--as", "bert", given=bert())
    assert json.loads(ok(data, "ls", "police", "--json"))["entries"] == 30
    again = run(data, "approve", changes, "--as", "bert", given=bert())
    assert (again.returncode, "it is applied" in again.stderr) == (2, True)


def test_a_killed_import_leaves_nothing_or_is_finished_by_another_process(data, store, tmp_path):
    """Killed while it reads, nothing is live and nothing waits; killed while it enters, the rest follows."""
    file = tmp_path / "big.ndjson"
    file.write_text(ndjson(6000))
    rng = random.Random(3)
    started = time.monotonic()
    ok(data, "create", "trial")
    boot = time.monotonic() - started
    with store.read() as conn:
        made = entry_records.list_named(conn, "trial")
    for attempt in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, "list", "import", "trial", str(file)], env=environment(data),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(boot * (0.9 + 0.4 * attempt) + rng.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with store.read() as conn:
            live = count_live(conn, made.number)
            states = [one.state.value for one in staging_records.of_list(conn, made.id)]
        assert live == 0 or "applying" in states or "applied" in states
        assert "staged" not in states
        if live:
            break
    later = Store.open(f"sqlite:///{data / 'rempart.db'}", clock=lambda: utc_now() + timedelta(minutes=2))
    with later, Worker(later) as worker:
        JobRunner(later, worker, handlers(curation(later, clock=utc_now))).run_due()
    with store.read() as conn:
        states = {one.state.value for one in staging_records.of_list(conn, made.id)}
        live = count_live(conn, made.number)
    assert "applying" not in states
    assert live == (6000 if "applied" in states else 0)
    again = json.loads(ok(data, "import", "trial", file, "--json"))
    assert again["state"] == "applied"
    with store.read() as conn:
        assert count_live(conn, made.number) == 6000
        assert conn.execute(text("SELECT count(*) FROM entry_signals WHERE removed IS NULL")).scalar_one() == 6000
