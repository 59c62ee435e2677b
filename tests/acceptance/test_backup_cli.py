"""init, backup and restore as real processes: killed, cut short, and beside a server that goes on writing."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyrage
from sqlalchemy import select

from pictures import jpeg
from rempart.cli.datafolder import opened_data
from rempart.clock import utc_now
from rempart.evidence.ledger.keyfile import open_signer
from rempart.evidence.vault.records import objects
from rempart.items.records.items import items
from rempart.lists.records import list_entries, withdraw_entries
from rempart.people import keys, persons
from rempart.people.permissions import Role, Scope
from rempart.people.principal import CONSOLE
from rempart.settings import read_settings
from rempart.signals.values import Sha256
from rempart.store.counters import next_number
from rempart.store.engine import Store
from serving import SRC, add_list, make_data, make_key, serving

ENVIRON = {**os.environ, "PYTHONPATH": str(SRC)}


def start(*arguments, **more):
    command = [sys.executable, "-m", "rempart", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON, text=True, **more)


def rempart(*arguments, code=0):
    process = start(*arguments)
    out, err = process.communicate(timeout=90)
    assert process.returncode == code, (out, err)
    return out if code == 0 else err


def status(folder):
    return json.loads(rempart("vault", "status", "--json", "--data", folder))


def test_init_makes_a_private_folder_and_prints_a_link(tmp_path):
    folder = tmp_path / "new" / "data"
    told = rempart("init", folder, "--admin-email", "ana@example.org", "--public-url", "https://checks.example.org")
    assert "https://checks.example.org/sign-in/link/" in told
    modes = {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]}
    assert modes == {0}
    assert read_settings(folder, environ={}).server.public_url == "https://checks.example.org"
    assert (folder / "keys" / "ledger.key").read_text().startswith("PRIVATE+KEY+checks.example.org/ledger+")
    assert status(folder)["objects"] == 0
    assert "in use" in rempart("init", folder, "--admin-email", "ana@example.org", code=2)


def test_init_over_somebody_elses_folder_is_refused_and_changes_nothing(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter.txt").write_text("mine")
    rempart("init", tmp_path / "data", "--admin-email", "ana@example.org", code=2)
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "letter.txt"]


def test_init_with_a_postgres_address_keeps_nothing_in_the_folder(tmp_path, cluster):
    url = cluster.empty_database()
    rempart("init", tmp_path / "data", "--admin-email", "ana@example.org", "--url", url)
    assert not (tmp_path / "data" / "rempart.db").exists()
    with Store.open(url) as store, store.read() as conn:
        assert [one.name for one in persons.everyone(conn)] == ["ana@example.org"]


def test_init_that_is_killed_leaves_nothing_half_made(tmp_path):
    rounds = random.Random(3)
    killed = 0
    for number in range(3):
        folder = tmp_path / f"data{number}"
        process = start("init", folder, "--admin-email", "ana@example.org")
        time.sleep(rounds.uniform(0.6, 2.0))
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        if folder.exists():
            assert {path.name for path in folder.iterdir()} >= {"rempart.toml", "keys", "rempart.db"}
        again = start("init", folder, "--admin-email", "ana@example.org")
        _, err = again.communicate(timeout=60)
        assert again.returncode == 0 or "in use" in err, err
        assert status(folder)["objects"] == 0
        assert list(tmp_path.glob(".data*")) == [], "what the killed one left beside is swept"
    assert killed > 0


def check(client, number):
    headers = {"Content-Type": "image/jpeg"}
    answer = client.post("/v1/check", params={"item_id": f"item{number}"}, content=jpeg(number), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["verdict"]


def test_a_backup_under_load_comes_back_and_what_was_taken_away_later_stays_away(tmp_path):
    folder = tmp_path / "data"
    rempart("init", folder, "--admin-email", "ana@example.org")
    settings = read_settings(folder, environ={})
    with Store.open(settings.database_url) as store:
        secret = make_key(store, Scope.CHECK, Scope.ITEMS)
        doomed_key = make_key(store, Scope.CHECK)
        add_list(store, "known", [Sha256(hashlib.sha256(jpeg(number)).digest()) for number in range(3)])
        with store.write() as conn:
            told = {"name": "bob", "roles": [Role.REVIEWER], "by": CONSOLE, "at": utc_now(), "random": os.urandom}
            bob = persons.add(conn, **told)
    with serving(settings) as server, server.client(secret) as client:
        assert [check(client, number) for number in range(3)] == ["block"] * 3
        stop = threading.Event()

        def go_on():
            with server.client(secret) as another:
                number = 100
                while not stop.is_set():
                    check(another, number)
                    number += 1

        busy = threading.Thread(target=go_on)
        busy.start()
        try:
            told = json.loads(rempart("backup", tmp_path / "backup.tar", "--data", folder, "--json"))
        finally:
            stop.set()
            busy.join()
        assert (told["blobs"], told["missing"]) == (3, [])
        take_away(settings, client, bob=bob.id, doomed_key=doomed_key)
    restored = tmp_path / "restored"
    rempart("restore", tmp_path / "backup.tar", restored, "--keys", folder / "keys")
    assert "restored" in start("serve", "--data", restored, "--port", "0").communicate(timeout=60)[1]
    rempart("vault", "status", "--data", restored, code=2)
    rempart("restore", "--finish", restored, "--from-data", folder)
    after(read_settings(restored, environ={}), bob=bob.id, doomed_key=doomed_key)
    with serving(read_settings(restored, environ={})) as server, server.client(secret) as client:
        assert [check(client, number) for number in (0, 1)] == ["block", "allow"]
    assert rempart("vault", "check", "--data", restored).startswith("3 objects")


def take_away(settings, client, *, bob, doomed_key):
    """One object destroyed, one entry withdrawn, one item deleted, one key revoked, one person deactivated."""
    assert client.delete("/v1/items/item2").status_code in (200, 204)
    with Store.open(settings.database_url) as store:
        with store.read() as conn:
            object_id = conn.scalars(select(objects.c.id).order_by(objects.c.id)).first()
        rempart("vault", "destroy", object_id, "--reason", "an order", "--yes", "--data", settings.data)
        rempart("list", "withdraw", "known", "known-1", "--data", settings.data)
        with store.write() as conn:
            keys.revoke(conn, keys.find(conn, doomed_key).id, by=CONSOLE, at=utc_now())
            persons.deactivate(conn, bob, by=CONSOLE, at=utc_now())


def after(settings, *, bob, doomed_key):
    with Store.open(settings.database_url) as store, store.read() as conn:
        destroyed = conn.scalars(select(objects.c.destroyed.is_not(None)).order_by(objects.c.id)).all()
        assert destroyed == [True, False, False]
        gone = conn.execute(select(list_entries.c.ref, list_entries.c.withdrawn).order_by(list_entries.c.id)).all()
        assert [(row.ref, row.withdrawn is not None) for row in gone] == [
            ("known-0", False), ("known-1", True), ("known-2", False),
        ]  # fmt: skip
        assert conn.scalars(select(items.c.gone).where(items.c.item_id == "item2")).all() not in ([None],)
        assert not keys.find(conn, doomed_key).usable(utc_now())
        assert not persons.found(conn, bob).active


def test_a_restore_is_refused_where_something_is_and_a_cut_backup_leaves_nothing(tmp_path):
    settings = make_data(tmp_path / "data")
    backup = tmp_path / "backup.tar"
    rempart("backup", backup, "--data", settings.data)
    assert backup.stat().st_mode & 0o077 == 0
    assert "there already" in rempart("backup", backup, "--data", settings.data, code=2)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    told = rempart("restore", backup, tmp_path / "full", "--keys", settings.data / "keys", code=2)
    assert "not empty" in told
    cut = tmp_path / "cut.tar"
    cut.write_bytes(backup.read_bytes()[:9000])
    told = rempart("restore", cut, tmp_path / "restored", "--keys", settings.data / "keys", code=2)
    assert "cut short" in told
    assert "service key" in rempart("restore", backup, tmp_path / "restored", code=2)
    assert not (tmp_path / "restored").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_restore_that_is_killed_can_be_repeated(tmp_path):
    settings = make_data(tmp_path / "data")
    with Store.open(settings.database_url) as store:
        add_list(store, "long", [Sha256(number.to_bytes(32, "big")) for number in range(4000)])
    rempart("backup", tmp_path / "backup.tar", "--data", settings.data)
    for sign in ("*/keys", "*/rempart.db", "*/rempart.db-wal"):
        process = start("restore", tmp_path / "backup.tar", tmp_path / "restored", "--keys", settings.data / "keys")
        while process.poll() is None and not list(tmp_path.glob(f".restored.new-{sign}")):
            time.sleep(0.002)
        process.kill()
        process.communicate()
        assert not (tmp_path / "restored").exists(), "it was killed before it was done"
    told = rempart(
        "restore",
        tmp_path / "backup.tar",
        tmp_path / "restored",
        "--keys",
        settings.data / "keys",
        "--no-ledger",
        "new",
    )
    assert "Repeated: nothing" in told
    with Store.open(read_settings(tmp_path / "restored", environ={}).database_url) as store, store.write() as conn:
        assert len(conn.execute(select(list_entries.c.id)).all()) == 4000
        assert withdraw_entries(conn, [1], number=next_number(conn, "lists"), at=utc_now()) == 1
    assert list(tmp_path.glob(".restored*")) == []


def test_a_backup_of_sqlite_is_restored_into_postgres(tmp_path, cluster):
    settings = make_data(tmp_path / "data")
    with Store.open(settings.database_url) as store:
        add_list(store, "known", [Sha256(bytes(32))])
    command = [sys.executable, "-m", "rempart", "backup", "-", "--data", str(settings.data)]
    piped = subprocess.run(command, capture_output=True, env=ENVIRON, check=True, timeout=60)
    (tmp_path / "piped.tar").write_bytes(piped.stdout)
    url = cluster.empty_database()
    rempart(
        "restore", tmp_path / "piped.tar", tmp_path / "restored", "--url", url,
        "--keys", settings.data / "keys", "--no-ledger", "moving to Postgres",
    )  # fmt: skip
    with Store.open(url) as store, store.read() as conn:
        assert len(conn.execute(select(list_entries.c.id)).all()) == 1
    assert Path(tmp_path / "restored" / "rempart.toml.from-backup").exists()


def test_with_all_keys_lost_a_custodian_opens_the_vault_again(tmp_path):
    ana = pyrage.x25519.Identity.generate()
    settings = make_data(tmp_path / "data", more=f'[vault]\ncustodians = ["{ana.to_public()}"]\n')
    with opened_data(settings.data) as data:
        vault = data.vault()
        sealed = vault.seal(b"for a court")
        with data.store.write() as conn:
            vault.record(conn, sealed, item=None, basis="case", media_type="text/plain", by=CONSOLE)
    rempart("ledger", "checkpoint", "--data", settings.data)
    rempart("backup", tmp_path / "backup.tar", "--data", settings.data)
    restored = tmp_path / "restored"
    rempart("restore", tmp_path / "backup.tar", restored, "--without-keys", "--no-ledger", "everything burned")
    name = open_signer(settings.data / "keys" / "ledger.key").key.name
    assert rempart("ledger", "checkpoint", "--data", restored).startswith(name), "it is the same log"
    assert "missing" in json.dumps(json.loads(start("vault", "status", "--json", "--data", restored).communicate()[0]))
    (tmp_path / "ana.txt").write_text(f"# Ana\n{ana}\n")
    assert rempart("vault", "recover", "--data", restored, "--identity", tmp_path / "ana.txt").startswith("1 object")
    with opened_data(restored) as data, data.vault().opened(sealed.object_id, purpose="a test", by=CONSOLE) as view:
        assert bytes(view) == b"for a court"
