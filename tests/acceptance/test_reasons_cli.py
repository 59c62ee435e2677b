"""From an upload that is blocked to the statement in its service's hands, and in a transparency database to try on."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from pictures import jpeg
from receivers import wait_until
from rempart.client import Client, Verdict
from rempart.people.permissions import Scope
from rempart.reports.reasons.records import batches
from rempart.signals.values import Sha256
from rempart.store.engine import Store
from serving import SRC, add_list, make_data, make_key, rempart, serving


@pytest.fixture
def database():
    command = [sys.executable, "-m", "rempart", "reasons", "test-server", "--token", "t"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(SRC)}
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, re.search(r"http://[^\"]+", line).group()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        process.stdout.close()


def filed(store):
    with store.read() as conn:
        return batches.counts(conn).get("filed", 0)


def test_a_blocked_upload_is_told_of_and_filed(tmp_path, database):
    process, address = database
    more = f'[reasons]\noperator = "A small forum"\ndatabase_url = "{address}"\ndatabase_token = "t"\n'
    settings = make_data(tmp_path / "data", more=more)
    picture = jpeg(1)
    with Store.open(settings.database_url) as store:
        add_list(store, "known", [Sha256(hashlib.sha256(picture).digest())])
        key = make_key(store, Scope.CHECK, Scope.DECISIONS)
    with serving(settings) as server, Client(server.url, key) as client:
        answer = client.check(picture, item_id="photo-1", uploader="mallory", context={"language": "fr"})
        assert answer.verdict is Verdict.BLOCK
        wait_until(lambda: client.reasons().reasons, 30)
        (one,) = client.reasons().reasons
        assert one.item_id == "photo-1"
        assert "A small forum" in one.text
        assert one.text.startswith("Exposé des motifs")

        with Store.open(settings.database_url) as store:
            wait_until(lambda: filed(store) == 1, 60)
    stands = rempart("reasons", "filing", "--data", settings.data, "--json")
    assert json.loads(stands.stdout)["statements"]["filed"] == 1
    listed = rempart("reasons", "list", "--data", settings.data, "--json")
    assert json.loads(listed.stdout)["id"] == one.id
    shown = rempart("reasons", "show", one.id, "--data", settings.data, "--language", "en")
    assert shown.stdout == one.texts["en"]
    payload = rempart("reasons", "show", one.id, "--payload", "--data", settings.data)
    assert payload.returncode == 0
    told = json.loads(payload.stdout)
    assert told["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_REMOVED"]
    file = tmp_path / "payloads.json"
    file.write_text(json.dumps({"statements": [told, told | {"category": "x"}]}))
    checked = rempart("reasons", "check", file)
    assert checked.returncode == 1
    assert "statement_1: category" in checked.stderr
    assert rempart("reasons", "show", "reason_none", "--data", settings.data).returncode == 2
    process.send_signal(signal.SIGINT)
    assert process.stdout.read().splitlines()[-1] == "Taken: 1. Sent twice: 0."
