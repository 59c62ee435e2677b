"""`rempart scan` as a real process when things go wrong, and going on afterwards."""

import csv
import io
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pictures import jpeg
from scanning import (
    by_path,
    command,
    environment,
    rempart,
    results,
    write_all,
)
from scantree import EXPECTED, LISTED, lists, tree

__all__ = ["lists", "tree"]  # fixtures


def test_file_that_vanishes_in_mid_scan_is_named(tree: Path, lists: list[str]) -> None:
    with _scan_from_stdin(lists) as scan:
        assert scan.stdin is not None
        assert scan.stdout is not None
        scan.stdin.write(os.fsencode(tree / "a") + b"\n")
        scan.stdin.flush()
        (tree / "other.jpg").unlink()
        (tree / "good.dll").unlink()
        (tree / "good.dll").mkdir()
        scan.stdin.write(os.fsencode(tree / "other.jpg") + b"\n" + os.fsencode(tree / "good.dll/x") + b"\n")
        scan.stdin.close()
        found = results(scan.stdout.read(), tree)
    assert found == {
        "a/listed.jpg": "match",
        "a/b/similar.jpg": "match",
        "other.jpg": "unhashed",
        "good.dll/x": "unhashed",
    }


def _scan_from_stdin(lists: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command("scan", "-", *lists, "--json"), env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def test_read_error_is_named_and_the_rest_goes_on(tree: Path, lists: list[str]) -> None:
    unreadable = f"/proc/{os.getpid()}/mem"  # a regular file whose first byte gives EIO
    done = rempart("scan", unreadable, tree, *lists, "--json")
    found = by_path(done.stdout)
    assert (found[unreadable]["outcome"], found[unreadable]["result"]) == ("unreadable", "unhashed")
    assert found[unreadable]["sha256"] is None
    assert len(found) == 1 + len(EXPECTED)


def test_full_disk_under_standard_output_is_said(tree: Path, lists: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command("scan", tree, *lists, "--json"), env=environment(), stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 2
    assert b"Standard output could not be written: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_full_disk_leaves_earlier_files_and_the_journal(tree: Path, lists: list[str], tmp_path: Path) -> None:
    out, journal = tmp_path / "o.html", tmp_path / "j"
    out.write_bytes(b"before")
    done = rempart(
        "scan", tree, *lists, "--html", out, "--resume", journal,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)),
    )  # fmt: skip
    assert done.returncode == 2
    assert b"could not be written: File too large" in done.stderr
    assert b"the same command goes on from there" in done.stderr
    assert out.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["j", "o.html", "tree"]
    again = rempart("scan", tree, *lists, "--html", out, "--resume", journal, "--json")
    assert results(again.stdout, tree) == EXPECTED
    assert out.read_bytes().startswith(b"<!doctype html>")


def test_reader_that_goes_away_ends_the_scan_quietly(tree: Path, lists: list[str]) -> None:
    write_all(tree, {f"n{number}": b"%d" % number for number in range(800)})
    scan = subprocess.Popen(
        command("scan", tree, *lists, "--json"), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert scan.stdout is not None
    scan.stdout.close()
    _, said = scan.communicate(timeout=60)
    assert b"Traceback" not in said
    assert scan.returncode == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_how_to_go_on_and_loses_nothing(lists: list[str], tmp_path: Path, number: signal.Signals) -> None:
    write_all(tmp_path / "t", {f"{name}.jpg": jpeg(name) for name in range(1, 60)})
    out, journal = tmp_path / "o.csv", tmp_path / "j"
    arguments = ("scan", tmp_path / "t", "-", *lists, "--json", "--resume", journal, "--csv", out)
    scan = subprocess.Popen(
        command(*arguments), env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not journal.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(1.5)  # standard input stays open, so the scan cannot end by itself
    scan.send_signal(number)
    _, said = scan.communicate(timeout=60)
    assert scan.returncode == 130
    assert b"the same command goes on from there" in said
    assert not out.exists()
    again = rempart(*arguments, input=b"")
    assert again.returncode == 1
    assert len(results(again.stdout)) == 59
    assert len(out.read_text("utf-8").splitlines()) == 60


def test_resume_for_another_scan_is_refused(tree: Path, lists: list[str], tmp_path: Path) -> None:
    journal = tmp_path / "j"
    assert rempart("scan", tree, *lists, "--resume", journal).returncode == 1
    for changed in (["--probes", "thorough"], ["--radius", "3"], [tree / "a"], lists[:2]):
        done = rempart("scan", tree, *lists, "--resume", journal, *changed)
        assert (done.returncode, b"belongs to another scan" in done.stderr) == (2, True), changed


def test_resume_looks_again_at_what_changed(tree: Path, lists: list[str], tmp_path: Path) -> None:
    journal = tmp_path / "j"
    rempart("scan", tree, *lists, "--resume", journal)
    (tree / "other.jpg").write_bytes(LISTED)
    write_all(tree, {"new": b"new"})
    (tree / "text").unlink()
    done = rempart("scan", tree, *lists, "--resume", journal, "--json", "--csv", tmp_path / "o.csv")
    expected = EXPECTED | {"other.jpg": "match", "new": "clear"}
    assert results(done.stdout, tree) == expected
    rows = list(csv.DictReader(io.StringIO((tmp_path / "o.csv").read_text("utf-8"), newline="")))
    assert {row["path"].removeprefix(f"{tree}/"): row["result"] for row in rows} == expected
