"""`rempart vault` as real processes: custody, holds, destruction, a rotation that is killed, a key service."""

import json
import os
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, insert, select

from rempart.cli.datafolder import opened_data
from rempart.evidence.vault import KeyFile
from rempart.evidence.vault.envelope import new_object_key, wrap_key
from rempart.evidence.vault.kms import KeyCommand
from rempart.evidence.vault.records import objects
from rempart.people.principal import CONSOLE
from rempart.store.engine import Store
from serving import SRC, make_data

OLD: list[str] = []
ENVIRON = {**os.environ, "PYTHONPATH": str(SRC)}


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data").data


def vault(data, *arguments, code=0, **environ):
    command = [sys.executable, "-m", "rempart", "vault", *map(str, arguments), "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRON | environ, timeout=90)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def sealed(data, content=b"evidence"):
    with opened_data(data) as folder:
        one = folder.vault().seal(content)
        with folder.store.write() as conn:
            return folder.vault().record(conn, one, item=None, basis="case", media_type="image/png", by=CONSOLE)


def test_a_held_object_is_destroyed_only_after_its_release_and_all_of_it_is_told(data):
    object_id = sealed(data)
    hold = vault(data, "hold", object_id, "--reason", "proceedings", "--authority", "a court").strip()
    assert "hold" in vault(data, "destroy", object_id, "--reason", "tidy", "--yes", code=2)
    vault(data, "release", hold, "--reason", "over")
    assert "erased" in vault(data, "destroy", object_id, "--reason", "order 17", "--yes")
    assert "before" in vault(data, "destroy", object_id, "--reason", "order 17", "--yes")
    told = json.loads(vault(data, "show", object_id, "--json"))
    assert [one["action"] for one in told["custody"]] == ["sealed", "held", "released", "destroyed"]
    assert told["service_key"] is None
    assert "order 17" in vault(data, "show", object_id)
    assert "no such object" in vault(data, "show", "object_x", code=2)
    assert json.loads(vault(data, "status", "--json"))["destroyed"] == 1


def test_destroying_asks_first(data):
    object_id = sealed(data)
    command = [sys.executable, "-m", "rempart", "vault", "destroy", object_id, "--reason", "x", "--data", str(data)]
    done = subprocess.run(command, input="n\n", capture_output=True, text=True, env=ENVIRON, timeout=60)
    assert done.returncode != 0
    assert json.loads(vault(data, "status", "--json"))["objects"] == 1


def test_lost_and_changed_blobs_are_found_without_opening_any(data):
    good, lost, changed = (sealed(data, content) for content in (b"good", b"lost", b"changed"))
    with opened_data(data) as folder, folder.store.read() as conn:
        names = {row.id: row.blob for row in conn.execute(objects.select())}
    blobs = {path.name: path for path in (data / "blobs").rglob("*") if path.is_file()}
    blobs[names[lost]].unlink()
    blobs[names[changed]].write_bytes(b"something else")
    told = vault(data, "check", code=2)
    assert f"{lost} are missing" in told
    assert f"{changed} are damaged" in told
    assert good not in told


def many(data, count):
    """Rows of objects without blobs: a rotation looks at rows only."""
    with opened_data(data) as folder, folder.store.write() as conn:
        key = folder.keyring.active()
        rows = []
        for number in range(count):
            name = f"object_{number:08}"
            wrap = wrap_key(new_object_key(), service_key=key.secret, service_key_id=key.id, object_id=name)
            rows.append({
                "id": name, "created": folder.store.clock(), "size": 1, "media_type": "image/png", "blob": None,
                "blob_size": 33, "blob_sha256": bytes(32), "key_id": key.id, "wrap": wrap, "custodian_mark": "",
            })  # fmt: skip
        conn.execute(insert(objects), rows)


def test_a_rotation_that_is_killed_is_resumed_and_nothing_is_lost(data):
    object_id = sealed(data, b"still there")
    many(data, 4000)
    OLD[:] = json.loads(vault(data, "status", "--json"))["service_keys"]
    command = [sys.executable, "-m", "rempart", "vault", "rotate", "--now", "--data", str(data)]
    killed_at = []
    for resume in ([], ["--resume"], ["--resume"]):
        process = subprocess.Popen(
            [*command, *resume], env=ENVIRON, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        before = done(data)
        for _ in range(2000):
            if process.poll() is not None or done(data) > before + 100:
                break
            time.sleep(0.01)
        process.kill()
        process.wait()
        killed_at.append(done(data))
    assert killed_at == sorted(killed_at)
    assert 0 < killed_at[0] < 4001
    if killed_at[-1] < 4001:
        assert "still wrapped" in vault(data, "retire", code=2)
    vault(data, "rotate", "--resume", "--now")
    keys = json.loads(vault(data, "status", "--json"))["service_keys"]
    assert sorted(one["objects"] for one in keys.values()) == [0, 4001]
    assert OLD[0] in vault(data, "retire")
    with opened_data(data) as folder, folder.vault().opened(object_id, purpose="a test", by=CONSOLE) as view:
        assert bytes(view) == b"still there"


def done(data):
    """How many objects are not under the key any more that they were sealed under."""
    with Store.open(f"sqlite:///{data / 'rempart.db'}") as store, store.read() as conn:
        return conn.scalar(select(func.count()).select_from(objects).where(objects.c.key_id != OLD[0]))


KMS = "import sys; sys.stdout.buffer.write(bytes(255 - byte for byte in sys.stdin.buffer.read()))"


def test_behind_a_key_service_the_disk_has_no_service_key(tmp_path):
    argv = json.dumps([sys.executable, "-c", KMS])
    folder = tmp_path / "data"
    make_data(folder, more=f"[vault]\nkms_wrap = {argv}\nkms_unwrap = {argv}\n")
    (folder / "keys" / "service.key").unlink()
    with pytest.raises(AssertionError, match="service key"):
        vault(folder, "status")
    command = (sys.executable, "-c", KMS)
    made = KeyFile(folder / "keys" / "service.key", command=KeyCommand(wrap_argv=command, unwrap_argv=command)).create()
    object_id = sealed(folder)
    vault(folder, "rotate", "--now")
    text = (folder / "keys" / "service.key").read_text()
    assert text.count("kms:") == 2
    assert made.secret not in text.encode()
    assert json.loads(vault(folder, "show", object_id, "--json"))["service_key"] != made.id


def test_service_keys_may_stand_in_the_environment_and_on_no_disk(data, monkeypatch):
    path = data / "keys" / "service.key"
    text = path.read_text()
    path.unlink()
    with pytest.raises(AssertionError, match="service key"):
        vault(data, "status")
    assert len(json.loads(vault(data, "status", "--json", REMPART_SERVICE_KEY=text))["service_keys"]) == 1
    monkeypatch.setenv("REMPART_SERVICE_KEY", text)
    object_id = sealed(data)
    with opened_data(data) as folder, folder.vault().opened(object_id, purpose="a test", by=CONSOLE) as view:
        assert bytes(view) == b"evidence"
    assert not path.exists()
