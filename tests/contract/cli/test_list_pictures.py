"""`rempart list import LIST FOLDER`: entries from pictures; features of them only where that is switched on."""

import json

import pytest
from sqlalchemy import func, select

from commands import command
from pictures import jpeg
from rempart.evidence.vault.records import objects
from rempart.lists.entry import derived_id
from rempart.lists.parts.records import list_parts
from rempart.settings import FILE
from rempart.signals.digests import digest_bytes
from rempart.store.engine import Store
from serving import make_data


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data").data


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pictures"
    (made / "below").mkdir(parents=True)
    (made / "one.jpg").write_bytes(jpeg(1))
    (made / "below" / "tw o\n.jpg").write_bytes(jpeg(2))
    (made / "none.jpg").write_bytes(b"no picture")
    return made


def ok(data, *arguments):
    done = command("list", *arguments, environ={"REMPART_DATA": str(data)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def counts(data):
    with Store.open(f"sqlite:///{data / 'rempart.db'}") as store, store.read() as conn:
        return tuple(conn.execute(select(func.count()).select_from(one)).scalar_one() for one in (list_parts, objects))


def switch_on(data):
    with (data / FILE).open("a") as stream:
        stream.write("\n[partial]\non = true\n")


def test_a_folder_becomes_entries_and_nothing_is_kept_of_the_pictures_while_it_is_off(data, folder):
    ok(data, "create", "ours")
    said = ok(data, "import", "ours", str(folder))
    assert "2 added" in said
    assert "1 lines refused" in said
    assert "Features" not in said
    assert counts(data) == (0, 0)


def test_features_are_made_where_it_is_on_and_once(data, folder):
    ok(data, "create", "ours")
    ok(data, "import", "ours", str(folder))
    switch_on(data)
    assert "Features of 2 pictures" in ok(data, "import", "ours", str(folder)), "of those listed before, too"
    assert counts(data) == (2, 2)
    again = json.loads(ok(data, "import", "ours", str(folder), "--json"))
    assert again["counts"]["unchanged"] == 2
    assert counts(data) == (2, 2)


def test_no_export_and_no_list_file_has_features(data, folder, tmp_path):
    switch_on(data)
    out = tmp_path / "ours.rempart"
    done = command("list", "build", out, "--pictures", folder, environ={"REMPART_DATA": str(data)})
    assert done.returncode == 0
    assert counts(data) == (0, 0)
    exported = command("list", "export", out).stdout
    assert _ref(1) in exported
    assert "parts" not in exported


def test_a_file_that_brings_hashes_alone_brings_no_features(data, tmp_path):
    switch_on(data)
    ok(data, "create", "ours")
    listed = tmp_path / "hashes.csv"
    listed.write_text(f"hash_type,hash_value,scheme,code\nsha256,{digest_bytes(jpeg(1)).sha256},listed,listed\n")
    ok(data, "import", "ours", str(listed))
    assert counts(data) == (0, 0)


def _ref(seed):
    return derived_id(digest_bytes(jpeg(seed)).sha256)
