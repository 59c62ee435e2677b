"""`rempart ledger`: from a data folder to an outsider who verifies, and what each tampering is told as."""

import json

import pytest

from commands import command
from ledgers import Log, some_leaves
from rempart.clock import utc_now
from rempart.evidence.ledger import append_many, erase
from rempart.evidence.ledger.keyfile import create_signer
from rempart.store.engine import Store
from rempart.store.migrate import upgrade


def rempart(*args, code=0):
    done = command("ledger", *args)
    assert done.returncode == code, done.stderr
    return done.stdout or done.stderr


@pytest.fixture
def data(tmp_path):
    """A data folder with a ledger of 300 leaves, not sequenced yet."""
    folder = tmp_path / "data"
    (folder / "keys").mkdir(parents=True)
    (folder / "rempart.toml").write_text("")
    create_signer(folder / "keys" / "ledger.key", name="example.org/ledger")
    write(folder, 300)
    return folder


def write(folder, count, first=0):
    with Store.open(f"sqlite:///{folder / 'rempart.db'}") as store:
        upgrade(store)
        with store.write() as conn:
            append_many(conn, some_leaves(count, first), at=utc_now())


def test_an_outsider_verifies_what_was_exported(data, tmp_path):
    first = tmp_path / "first"
    note = rempart("checkpoint", "--data", data, "-o", first)
    assert note == ""
    assert first.read_text().startswith("example.org/ledger\n300\n")
    (key,) = rempart("key", "--data", data).splitlines()
    write(data, 20, 300)
    rempart("checkpoint", "--data", data)
    export = tmp_path / "export.jsonl"
    rempart("export", "--outsider", export, "--data", data)
    assert "internally consistent, rewriting not excluded" in rempart("verify", export, "--key", key)
    told = json.loads(rempart("verify", export, "--key", key, "--checkpoint", first, "--json"))
    assert told["outcome"] == "verified, the first 300 leaves are those signed before"
    assert (told["leaves"], told["form"], told["checkpoints"]) == (320, "outsider", [300])
    assert json.loads(rempart("status", "--data", data, "--json"))["lost"] == 0


TAMPERINGS = {
    (10, "changed"): lambda lines: [*lines[:9], lines[9].replace(b'"distance":', b'"distance":1'), *lines[10:]],
    (11, "removed"): lambda lines: [*lines[:9], *lines[10:]],
    (12, "reordered"): lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]],
    (14, "incomplete"): lambda lines: lines[:100],
}


def test_an_export_misses_nothing_that_no_checkpoint_covered_yet(data, tmp_path):
    rempart("checkpoint", "--data", data)
    write(data, 20, 300)
    assert rempart("export", tmp_path / "export", "--data", data) == "320 leaves, in full.\n"


def test_an_export_without_the_signing_key_says_where_it_ends(data, tmp_path):
    rempart("checkpoint", "--data", data)
    write(data, 20, 300)
    (data / "keys" / "ledger.key").unlink()
    told = rempart("export", tmp_path / "export", "--data", data)
    assert "younger than the newest checkpoint is not in it" in told
    assert told.endswith("\n300 leaves, in full.\n")


def test_each_tampering_has_its_exit_code(tmp_path):
    log = Log(tmp_path / "log")
    log.grow(300)
    lines, export = log.export().splitlines(keepends=True), tmp_path / "export.jsonl"
    log.close()
    headless = b"".join(lines[2:])
    export.write_bytes(headless)
    assert rempart("verify", export, "--key", log.key.line, code=11).startswith("removed: ")
    for (code, word), tamper in TAMPERINGS.items():
        export.write_bytes(b"".join(tamper(lines)))
        assert rempart("verify", export, "--key", log.key.line, code=code).startswith(f"{word}: ")


def test_a_rewritten_history_has_its_exit_code(tmp_path):
    log = Log(tmp_path / "log")
    first, export = tmp_path / "first", tmp_path / "export.jsonl"
    first.write_text(log.grow(20))
    other = Log(tmp_path / "other", signer=log.signer)
    other.grow(30)
    export.write_bytes(other.export())
    log.close()
    other.close()
    assert "rewriting not excluded" in rempart("verify", export, "--key", log.key.line)
    told = rempart("verify", export, "--key", log.key.line, "--checkpoint", first, "--json", code=13)
    assert json.loads(told)["outcome"] == "forked"


def test_one_leaf_is_proven_and_opened(data, tmp_path):
    rempart("checkpoint", "--data", data)
    key, proof = rempart("key", "--data", data).strip(), tmp_path / "proof"
    rempart(
        "reveal", 17, "item_id=photo-17", f"sha256=hex:{(17).to_bytes(32, 'big').hex()}", "--data", data, "-o", proof
    )
    told = json.loads(rempart("verify", proof, "--key", key, "--json"))
    assert (told["outcome"], told["leaf"], told["of"], told["opened"]["item_id"]) == ("proven", 17, 300, "photo-17")
    assert told["opened"]["sha256"] == "hex:" + (17).to_bytes(32, "big").hex()
    proof.write_text(proof.read_text().replace("photo-17", "photo-18"))
    rempart("verify", proof, "--key", key, code=10)
    assert "not the item_id" in rempart("reveal", 17, "item_id=photo-18", "--data", data, code=2)
    with Store.open(f"sqlite:///{data / 'rempart.db'}") as store, store.write() as conn:
        erase(conn, subject="item:17")
    assert "erased" in rempart("reveal", 17, "item_id=photo-17", "--data", data, code=2)
    export = tmp_path / "export.jsonl"
    rempart("export", export, "--data", data)
    rempart("verify", export, "--key", key)
    for leaf in (0, 299):
        rempart("prove", export, leaf, "--key", key, "-o", proof)
        assert f"leaf: {leaf}" in rempart("verify", proof, "--key", key)
    rempart("prove", export, 300, "--key", key, code=2)


def test_a_rotated_key_leaves_old_checkpoints_valid(data, tmp_path):
    first, export, keys = tmp_path / "first", tmp_path / "export.jsonl", tmp_path / "keys"
    rempart("checkpoint", "--data", data, "-o", first)
    old = rempart("key", "--data", data).strip()
    new = rempart("rotate", "--data", data).strip()
    keys.write_text(rempart("key", "--data", data))
    assert keys.read_text().split() == [new, old]
    rempart("export", export, "--data", data)
    assert "first 300 leaves" in rempart("verify", export, "--key", keys, "--checkpoint", first)
    assert "after a rotation" in rempart("verify", export, "--key", old, code=2)
    assert oct((data / "keys" / "ledger.key").stat().st_mode)[-3:] == "600"


def test_a_database_that_was_set_back_signs_nothing_until_it_caught_up(data, tmp_path):
    rempart("checkpoint", "--data", data)
    backup = (data / "rempart.db").read_bytes()
    write(data, 500, 300)
    rempart("checkpoint", "--data", data)
    export = tmp_path / "newest.jsonl"
    rempart("export", export, "--data", data)
    key = rempart("key", "--data", data).strip()
    for name in ("rempart.db-wal", "rempart.db-shm"):
        (data / name).unlink(missing_ok=True)
    (data / "rempart.db").write_bytes(backup)
    write(data, 3, 9000)
    assert "catch-up" in rempart("checkpoint", "--data", data, code=2)
    assert json.loads(rempart("status", "--data", data, "--json"))["waiting"] == 3
    assert "500 leaves" in rempart("catch-up", export, "--key", key, "--data", data)
    rempart("checkpoint", "--data", data)
    rempart("export", export, "--data", data)
    assert "leaves: 803" in rempart("verify", export, "--key", key, "--checkpoint", data / "ledger" / "checkpoint")
