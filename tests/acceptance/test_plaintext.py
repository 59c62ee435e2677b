"""Plaintext never touches a disk: eight megabytes go through a real server while every file is watched."""

import hashlib
import io
import random
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from plaintext import Watch, files_with, needles_of, tree
from receivers import wait_until
from rempart.evidence.vault.records import objects
from rempart.people.permissions import Scope
from rempart.signals.values import Sha256
from rempart.store.engine import Store
from serving import add_list, make_data, make_key, serving


@pytest.fixture(scope="module")
def picture():
    """A picture of noise, which no coding makes smaller, and its pixels."""
    pixels = random.Random(7).randbytes(1700 * 1640 * 3)
    held = io.BytesIO()
    Image.frombytes("RGB", (1700, 1640), pixels).save(held, "PNG", compress_level=1)
    return held.getvalue(), pixels


def test_the_watch_itself_sees_what_it_is_there_for(tmp_path):
    import os
    import tempfile

    with Watch([tmp_path], process=os.getpid()) as watch:
        with tempfile.TemporaryFile(dir=tmp_path) as nameless:
            nameless.write(b"x")
            wait_until(lambda: any(str(tmp_path) in name for name in watch.nameless))
        (tmp_path / "folder").mkdir()
        wait_until(lambda: tmp_path / "folder" in watch.made)
        looks = watch.looks
        wait_until(lambda: watch.looks > looks)
        (tmp_path / "folder" / "named").write_bytes(b"a needle in a haystack")
        found = files_with([tmp_path], [b"needle in"])
        (tmp_path / "folder" / "named").unlink()
    assert tmp_path / "folder" / "named" in watch.made
    assert found == [tmp_path / "folder" / "named"]


def test_eight_megabytes_leave_no_plaintext_on_any_disk(tmp_path, picture):
    body, pixels = picture
    assert len(body) > 8_000_000
    settings = make_data(tmp_path / "data")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with Store.open(settings.database_url) as store:
        key = make_key(store, Scope.CHECK, Scope.ANALYST)
        add_list(store, "known", [Sha256(hashlib.sha256(body).digest())])
    needles = [*needles_of(body), *needles_of(pixels)]
    with serving(settings, environ={"TMPDIR": str(temporary)}) as server:
        before = set(Path("/dev/shm").iterdir()) | set(Path("/tmp").iterdir()) | set(Path("/var/tmp").iterdir())
        with Watch([settings.data, temporary], process=server.process.pid) as watch:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/png", "Idempotency-Key": "once"}
            raw = httpx.post(
                f"{server.url}/v1/check", params={"item_id": "one"}, headers=headers, content=slowly(body), timeout=60
            )
            del headers["Content-Type"]
            form = httpx.post(
                f"{server.url}/v1/check",
                headers=headers | {"Idempotency-Key": "twice"},
                data={"item_id": "two"},
                files={"file": ("name.png", body, "image/png")},
                timeout=60,
            )
            written = files_with(tuple(watch.made), needles)
        assert (raw.status_code, raw.json()["verdict"]) == (200, "block"), raw.text
        assert (form.status_code, form.json()["verdict"]) == (200, "block"), form.text
        assert watch.looks > 20
        assert written == []
        # The index is written beside itself at any time, of numbers and signals alone, and gets its name at the end.
        assert [name for name in watch.nameless if not name.startswith(f"{settings.data}/index/")] == []
        assert [path for path in watch.made if temporary in path.parents] == []
        after = set(Path("/dev/shm").iterdir()) | set(Path("/tmp").iterdir()) | set(Path("/var/tmp").iterdir())
        assert files_with([path for path in after - before if path.is_file()], needles) == []
        assert all(core_bytes(process) == 0 for process in tree(server.process.pid))
    with Store.open(settings.database_url) as store, store.read() as conn:
        assert conn.scalars(select(objects.c.size)).all()[0] == len(body), "it was sealed: there was something to find"
    assert files_with([tmp_path], needles) == []
    assert not any(needle.hex() in "".join(server.log) for needle in needles[:5])


def slowly(body):
    """The body in pieces, over half a second or more: time to be seen."""
    for start in range(0, len(body), 1 << 18):
        yield body[start : start + (1 << 18)]
        time.sleep(0.02)


def core_bytes(process):
    line = next(one for one in Path(f"/proc/{process}/limits").read_text().splitlines() if one.startswith("Max core"))
    return int(line.split()[4]) if line.split()[4].isdigit() else -1
