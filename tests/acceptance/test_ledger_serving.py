"""The ledger of a running server: what outsiders are shown, and that there is no server without it."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from base64 import b64encode

from pictures import jpeg
from rempart.evidence.ledger.export import export
from rempart.evidence.ledger.keyfile import open_signer
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.evidence.ledger.verify import verify
from rempart.signals.values import Sha256
from rempart.store.engine import Store
from serving import ALL_SCOPES, SRC, add_list, make_data, make_key, serving

ITEM, UPLOADER, URL = "holiday-photo-8841", "maria.k", "https://forum.example/p/8841"


def exported(store, folder, *, outsider=False):
    path = folder / "export.jsonl"
    with path.open("wb") as stream:
        export(store, stream, outsider=outsider)
    return path


def test_an_outsider_learns_the_verdicts_and_neither_items_nor_digests_nor_times(tmp_path):
    settings = make_data(tmp_path / "data")
    data = jpeg(3)
    digests = [hashlib.new(name, data).digest() for name in ("sha256", "sha1", "md5")]
    with Store.open(settings.database_url) as store:
        key = make_key(store, *ALL_SCOPES)
        add_list(store, "police", [Sha256(digests[0])])
        with serving(settings) as server, server.client(key) as client:
            asked = {"item_id": ITEM, "uploader": UPLOADER, "url": URL}
            answer = client.post("/v1/check", params=asked, content=data, headers={"Content-Type": "image/jpeg"})
            assert answer.json()["verdict"] == "block"
            request = answer.json()["request_id"]
            client.delete(f"/v1/items/{ITEM}")
            keys = [VerifierKey.parse(line) for line in _until(lambda: client.get("/ledger/key")).text.splitlines()]
        note = Sequencer(store, signer=open_signer(settings.data / "keys" / "ledger.key")).checkpoint().note
        path = exported(store, tmp_path, outsider=True)
        assert verify(path, keys=keys, checkpoints=[note]).form == "outsider"
        told = path.read_text()
        shown = exported(store, tmp_path).read_text()
    actions = [json.loads(line)["body"]["action"] for line in told.splitlines() if '"body":' in line]
    assert {"check.answered", "key.created", "case.opened"} <= set(actions)
    hidden = [ITEM, UPLOADER, URL, "forum.example", request, key, '"salt"', '"opens"', "police"]
    for digest in digests:
        hidden += [digest.hex(), b64encode(digest).decode(), b64encode(digest).decode().rstrip("=")]
    assert [word for word in hidden if word in told] == []
    assert [word for word in hidden[:6] if word in shown] == [], "nor in the full form"
    facts = re.findall(r'"facts":(\{.*?\}),"sealed"', told)
    assert [one for one in facts if re.search(r"\d\d:\d\d|\d{10}", one)] == [], "a time, or microseconds since 1970"
    assert re.search(r'"at":\{"salt":"[^"]+","value":"\d{4}-\d\d-\d\dT', shown)


def _until(ask, seconds=20):
    deadline = time.monotonic() + seconds
    while (answer := ask()).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    return answer


def test_a_server_without_its_ledger_key_does_not_start(tmp_path):
    settings = make_data(tmp_path / "data")
    (settings.data / "keys" / "ledger.key").unlink()
    command = [sys.executable, "-m", "rempart", "serve", "--data", settings.data, "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(SRC)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)
    assert done.returncode == 2
    assert "There is no ledger key" in done.stderr
