"""A process that seals a film, opens it again and uploads it, all by stream, and says what memory that took beyond
what it had before."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from rempart.reports.cybertip.service.rehearsal import RehearsalServer, running

_REPORT = b"<report/>"


def measured(folder, *, size):
    """Bytes that the process grew by at its peak; the film arrived whole, or this fails."""
    film = folder / "film"
    with film.open("wb") as file:  # random enough at its ends, and empty between: nothing here looks at it
        file.write(os.urandom(1 << 20))
        file.truncate(size - (1 << 20))
        file.seek(0, os.SEEK_END)
        file.write(os.urandom(1 << 20))
    with running(RehearsalServer(rules=lambda *_: ())) as server:
        told = {"folder": str(folder), "film": str(film), "url": server.url, "password": server.password}
        run = subprocess.run(
            [sys.executable, __file__, json.dumps(told)], capture_output=True, text=True, timeout=280, check=False
        )
        assert run.returncode == 0, run.stderr
        (report,) = server.book.reports()
    result = json.loads(run.stdout)
    with film.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    assert [(one.md5, one.size) for one in report.files.values()] == [(digest, size)]
    assert result["md5"] == [digest, digest]
    return result["grown"]


def _memory(name):
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) << 10


def main():
    from rempart.evidence.vault import HeldKeys, Vault
    from rempart.reports.cybertip.service.connection import Connection
    from rempart.store.blobs import open_blobs
    from rempart.store.engine import Store
    from rempart.store.migrate import upgrade
    from vaults import BY, Hands, key_text

    told = json.loads(sys.argv[1])
    folder, film = Path(told["folder"]), Path(told["film"])
    with Store.open(f"sqlite:///{folder / 'film.db'}", clock=Hands()) as store:
        upgrade(store)
        vault = Vault(store, open_blobs(str(folder / "blobs")), HeldKeys(key_text()), store.clock)
        with Connection(told["url"], "rehearsal", told["password"]) as tipline:
            number = tipline.open(_REPORT).report_id
            Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
            before = _memory("VmRSS")
            with film.open("rb", buffering=0) as file:
                sealed = vault.seal_stream(iter(lambda: file.read(1 << 20), b""))
            with store.write() as conn:
                name = vault.record(conn, sealed, item=None, basis="case", media_type="video/mp4", by=BY)
            with vault.open_stream(name, purpose="a test", by=BY) as opened:
                sent = tipline.upload(number, "film.mp4", opened, opened.size)
            grown = _memory("VmHWM") - before
    print(json.dumps({"grown": grown, "md5": [sent.md5, sent.sent_md5]}))


if __name__ == "__main__":
    main()
