"""A scan that is killed again and again, and what must be true of it at every moment and in the end."""

import csv
import io
import json
import os
import random
import signal
import subprocess
import tarfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pictures import jpeg
from scanning import build_list, by_path, command, environment, known_good_list, sha256, write_all


@dataclass(frozen=True)
class Forms:
    """The results of one finished scan in every form, without what differs from run to run."""

    lines: dict[str, dict[str, Any]]
    rows: Counter[str]
    media: Counter[str]
    figures: list[str]


class Killing:
    """A tree, lists, and the scan of it; `baseline` is what a run that nobody disturbed found."""

    def __init__(self, home: Path, *, seed: int) -> None:
        self.home, self.random = home, random.Random(seed)
        self.tree = _make_tree(home / "tree")
        listed = build_list(home / "listed", [sha256(jpeg(1)), sha256(b"text 3"), sha256(_variant(7))])
        good = known_good_list(home / "good", [sha256(b"text 5")])
        self.lists = ["--list", listed, "--list", good]
        started = time.monotonic()
        self.baseline = self.finish("baseline")
        self.seconds = time.monotonic() - started
        self.kills = self.kills_in_mid_scan = 0

    def killed_and_resumed(self, name: str, *, kills: int) -> Forms:
        """A scan that is killed that often, then left to finish."""
        for _ in range(kills):
            self._kill(name)
        return self.finish(name)

    def finish(self, name: str) -> Forms:
        done = subprocess.run(self._command(name), env=environment(), capture_output=True, timeout=110)
        assert done.returncode == 1, done.stderr.decode()
        return self._forms(name, done.stdout)

    def _command(self, name: str) -> list[str | bytes]:
        out = self.home / name
        return command(
            "scan", self.tree, *self.lists, "--json", "--resume", f"{out}.journal", "--csv", f"{out}.csv",
            "--vics", f"{out}.vics", "--html", f"{out}.html",
        )  # fmt: skip

    def _kill(self, name: str) -> None:
        with open(self.home / f"{name}.out", "wb") as out:
            scan = subprocess.Popen(self._command(name), env=environment(), stdout=out, stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0.15, 1.05) * self.seconds)
            if scan.poll() is None:
                self.kills_in_mid_scan += (self.home / f"{name}.journal").exists()
            scan.send_signal(signal.SIGKILL)
            scan.wait()
        self.kills += 1
        _wait_until_gone(scan.pid)
        self._check_outputs(name)

    def _check_outputs(self, name: str) -> None:
        """After a kill each output file is whole or not there."""
        if (self.home / f"{name}.csv").exists():
            assert _rows(self.home / f"{name}.csv") == self.baseline.rows
        if (self.home / f"{name}.vics").exists():
            assert _media(self.home / f"{name}.vics") == self.baseline.media
        if (self.home / f"{name}.html").exists():
            assert (self.home / f"{name}.html").read_text("utf-8").endswith("</html>")

    def _forms(self, name: str, output: bytes) -> Forms:
        page = (self.home / f"{name}.html").read_text("utf-8")
        figures = [part.split("<")[0] for part in page.split('<td role="cell" class="count">')[1:]]
        return Forms(
            lines=by_path(output), rows=_rows(self.home / f"{name}.csv"), media=_media(self.home / f"{name}.vics"),
            figures=figures,
        )  # fmt: skip


def _rows(path: Path) -> Counter[str]:
    rows = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
    return Counter("\0".join(row) for row in rows)


def _media(path: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for media in json.loads(path.read_text())["value"][0]["Media"]:
        for number in ("MediaID", "DateUpdated"):
            del media[number]
        files = sorted((one["FilePath"], one["FileName"]) for one in media.pop("MediaFiles"))
        found[json.dumps([media, files], sort_keys=True)] += 1
    return found


def _wait_until_gone(parent: int) -> None:
    """The workers of a killed scan end with it."""
    deadline = time.monotonic() + 10
    while _workers_of(parent):
        assert time.monotonic() < deadline, "workers outlived the scan"
        time.sleep(0.05)


def _workers_of(parent: int) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(b"rempart.s") for word in words) and str(parent).encode() in words:
            found.append(entry.parent.name)
    return found


def _variant(number: int) -> bytes:
    """One of a few pictures, with a tail that makes its bytes its own."""
    return jpeg(number % 12, 160, 120) + b"%d" % number


def _make_tree(tree: Path) -> Path:
    files = {f"p{number % 5}/{number}.jpg": _variant(number) for number in range(160)}
    files |= {f"t/{number}.txt": b"text %d" % number for number in range(60)}
    files |= {"listed.jpg": jpeg(1), "cut.jpg": jpeg(2)[:1500], "empty": b""}
    write_all(tree, files)
    (tree / "link").symlink_to("/etc")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for number in range(20):
            archive.writestr(f"in/{number}.jpg", _variant(200 + number))
    with zipfile.ZipFile(tree / "many.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
        for number in range(60):
            archive.writestr(f"m{number}.jpg", _variant(300 + number))
    with tarfile.open(tree / "t.tar.gz", "w:gz") as packed:
        packed.add(tree / "p1", "p1")
    os.truncate(tree / "t.tar.gz", os.path.getsize(tree / "t.tar.gz") - 20)
    return tree
