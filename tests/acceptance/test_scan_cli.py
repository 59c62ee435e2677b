"""`rempart scan` as a real process: results, exit codes, bad input, and a tree that is left as it was."""

import csv
import gzip
import hashlib
import io
import json
import os
import resource
import signal
import subprocess
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from pictures import jpeg
from rempart.signals.examine import examine
from rempart.signals.outcome import Limits
from rempart.signals.values import PdqHash
from scanning import (
    build_list,
    by_path,
    command,
    environment,
    known_good_list,
    objects,
    rempart,
    results,
    sha256,
    write_all,
)

LISTED, SIMILAR, OTHER, GOOD = jpeg(1), jpeg(2), jpeg(3), b"known good bytes"


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options naming a list (one picture by digest, one by PDQ) and a known-good list."""
    home = tmp_path_factory.mktemp("lists")
    listed = build_list(home / "listed", [sha256(LISTED), _pdq(SIMILAR)])
    good = known_good_list(home / "good", [sha256(GOOD)])
    return ["--list", str(listed), "--list", str(good)]


def _pdq(data: bytes) -> PdqHash:
    fd = os.memfd_create("picture")
    try:
        os.write(fd, data)
        found = examine(fd, limits=Limits())
    finally:
        os.close(fd)
    assert found.pdq is not None
    return found.pdq


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {"a/listed.jpg": LISTED, "a/b/similar.jpg": SIMILAR, "other.jpg": OTHER, "good.dll": GOOD, "text": b"text"}
    return write_all(tmp_path / "tree", files)


EXPECTED = {
    "a/listed.jpg": "match", "a/b/similar.jpg": "match", "other.jpg": "clear", "good.dll": "known_good",
    "text": "clear",
}  # fmt: skip


def test_folder_is_scanned_into_its_groups(tree: Path, lists: list[str]) -> None:
    done = rempart("scan", tree, *lists, "--json")
    assert (done.returncode, results(done.stdout, tree)) == (1, EXPECTED)
    found = by_path(done.stdout)
    listed = found[f"{tree}/a/listed.jpg"]["matches"][0]
    assert (listed["list"], listed["entry"], listed["probe"], listed["distance"]) == ("listed", "e0", "exact", 0)
    similar = found[f"{tree}/a/b/similar.jpg"]["matches"][0]
    assert (similar["signal"], similar["probe"]) == ("pdq", "canonical")
    assert found[f"{tree}/good.dll"]["known_good"][0]["list"] == "good"
    assert found[f"{tree}/text"]["outcome"] == "not_media"


def test_exit_codes_are_those_of_clamscan(tree: Path, lists: list[str], tmp_path: Path) -> None:
    cut = write_all(tmp_path / "cut", {"cut.jpg": LISTED[:2000]})
    assert rempart("scan", tree / "other.jpg", *lists).returncode == 0
    assert rempart("scan", tree, cut, *lists).returncode == 1
    assert rempart("scan", cut, *lists).returncode == 2
    assert rempart("scan", tree, "--list", tmp_path / "none").returncode == 2
    assert rempart("scan", tree).returncode == 2


def test_mirrored_copy_is_found_by_its_probe(tmp_path: Path, lists: list[str]) -> None:
    from pictures import encode, scene

    write_all(tmp_path / "t", {"mirrored.jpg": encode(scene(2)[:, ::-1])})
    done = rempart("scan", tmp_path / "t", *lists, "--json")
    assert objects(done.stdout)[0]["matches"][0]["probe"].startswith("canonical+flip")
    assert results(rempart("scan", tmp_path / "t", *lists, "--json", "--probes", "canonical").stdout) == {
        f"{tmp_path}/t/mirrored.jpg": "clear"
    }


def test_words_name_matches_and_what_was_not_checked(tree: Path, lists: list[str]) -> None:
    write_all(tree, {"cut.jpg": OTHER[:2000]})
    done = rempart("scan", tree, *lists)
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 3
    assert f"{tree}/a/listed.jpg: match: listed e0 (same bytes)" in done.stdout.decode()
    assert "not checked" in done.stdout.decode()
    assert "not a verdict" in done.stderr.decode()


def test_all_forms_in_one_run_agree(tree: Path, lists: list[str], tmp_path: Path) -> None:
    out = [tmp_path / name for name in ("o.csv", "o.vics.json", "o.html")]
    done = rempart("scan", tree, *lists, "--json", "--csv", out[0], "--vics", out[1], "--html", out[2], "--lang", "fr")
    found = results(done.stdout)
    rows = list(csv.DictReader(io.StringIO(out[0].read_text("utf-8"), newline="")))
    assert {row["path"]: row["result"] for row in rows} == found
    media = json.loads(out[1].read_text())["value"][0]["Media"]
    tags = {one["MD5"].lower(): one["Tags"] for one in media}
    for one in objects(done.stdout):
        if one["media_type"] or one["result"] != "clear":
            assert tags.pop(one["md5"]) == {"clear": "rempart:never_seen"}.get(
                one["result"], f"rempart:{one['result']}"
            )
    assert not tags
    assert "Rapport d’analyse" in out[2].read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.csv", "o.html", "o.vics.json", "tree"]


def test_archives_are_looked_into(tmp_path: Path, lists: list[str]) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("/abs/../listed.jpg", LISTED)
    with zipfile.ZipFile(tmp_path / "z.docx", "w") as archive:
        archive.writestr("in.zip", inner.getvalue())
        archive.writestr("similar.jpg", SIMILAR)
    with tarfile.open(tmp_path / "t.tgz", "w:gz") as archive:
        (tmp_path / "good").write_bytes(GOOD)
        archive.add(tmp_path / "good", "good")
        os.unlink(tmp_path / "good")
    done = rempart("scan", tmp_path, *lists, "--json")
    assert results(done.stdout, tmp_path) == {
        "z.docx!/in.zip!//abs/../listed.jpg": "match", "z.docx!/in.zip": "clear", "z.docx!/similar.jpg": "match",
        "z.docx": "clear", "t.tgz!/good": "known_good", "t.tgz": "clear",
    }  # fmt: skip
    deep = by_path(done.stdout)[f"{tmp_path}/z.docx!/in.zip!//abs/../listed.jpg"]
    assert (deep["members"], deep["member_at"]) == (["in.zip", "/abs/../listed.jpg"], [0, 0])
    closed = rempart("scan", tmp_path, *lists, "--json", "--no-archives")
    assert set(results(closed.stdout, tmp_path)) == {"z.docx", "t.tgz"}


def test_bad_archives_are_named_and_the_rest_goes_on(tmp_path: Path, lists: list[str]) -> None:
    locked = io.BytesIO()
    with zipfile.ZipFile(locked, "w") as archive:
        archive.writestr("locked.jpg", LISTED)
    data = bytearray(locked.getvalue())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    files = {
        "locked.zip": bytes(data), "cut.zip": locked.getvalue()[:-40], "rest.jpg": LISTED,
        "x.7z": b"7z\xbc\xaf'\x1c" + b"0" * 99, "bomb.gz": gzip.compress(bytes(300 << 20), 1),
    }  # fmt: skip
    write_all(tmp_path, files)
    done = rempart("scan", tmp_path, *lists, "--json")
    found = {path.removeprefix(f"{tmp_path}/"): one for path, one in by_path(done.stdout).items()}
    assert {path: one["result"] for path, one in found.items()} == {
        "locked.zip": "unhashed", "locked.zip!/locked.jpg": "unhashed", "cut.zip": "unhashed", "rest.jpg": "match",
        "x.7z": "unhashed", "bomb.gz": "unhashed", "bomb.gz!/content": "unhashed",
    }  # fmt: skip
    assert found["locked.zip!/locked.jpg"]["error"] == "encrypted"
    assert "unfolds into more than" in found["bomb.gz"]["error"]
    assert all(one["sha256"] for path, one in found.items() if "!" not in path)


def test_bad_pictures_each_have_their_outcome(tmp_path: Path, lists: list[str]) -> None:
    files = {
        "empty.jpg": b"", "cut.jpg": LISTED[:2000], "noise.jpg": os.urandom(5000), "text.png": b"just text",
        "really_a_jpeg.txt": SIMILAR, "head_only.png": b"\x89PNG\r\n\x1a\n", "bomb.png": _png_bomb(),
    }  # fmt: skip
    write_all(tmp_path, files)
    done = rempart("scan", tmp_path, *lists, "--json")
    found = {
        path.removeprefix(f"{tmp_path}/"): (one["outcome"], one["result"]) for path, one in by_path(done.stdout).items()
    }
    assert found == {
        "empty.jpg": ("not_media", "clear"), "cut.jpg": ("unreadable", "unhashed"), "noise.jpg": ("not_media", "clear"),
        "text.png": ("not_media", "clear"), "really_a_jpeg.txt": ("ok", "match"),
        "head_only.png": ("unreadable", "unhashed"), "bomb.png": ("too_large", "unhashed"),
    }  # fmt: skip


def _png_bomb() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + name + data + zlib.crc32(name + data).to_bytes(4)

    header = (60_000).to_bytes(4) + (60_000).to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    )


def test_listed_bytes_that_cannot_be_decoded_are_still_a_match(tmp_path: Path) -> None:
    cut = LISTED[:2000]
    listed = build_list(tmp_path / "list", [sha256(cut)])
    write_all(tmp_path / "t", {"cut.jpg": cut})
    found = objects(rempart("scan", tmp_path / "t", "--list", listed, "--json").stdout)[0]
    assert (found["outcome"], found["result"]) == ("unreadable", "match")


ODD_NAMES = [
    b"\xff\xfe.jpg",
    b"new\nline.jpg",
    b"=1+1",
    b"-rf",
    b"\xe2\x80\xaegpj.exe",
    b" lead",
    b"%41",
    "été.jpg".encode(),
]


def test_odd_names_come_through_every_form(tmp_path: Path, lists: list[str]) -> None:
    tree = os.fsencode(tmp_path / "t")
    os.mkdir(tree)
    for name in ODD_NAMES:
        with open(os.path.join(tree, name), "wb") as stream:
            stream.write(LISTED)
    out = tmp_path / "o.csv"
    done = rempart(
        "scan", tmp_path / "t", *lists, "--json", "--csv", out, "--html", tmp_path / "o.html", "--vics", tmp_path / "o"
    )
    from rempart.scan.paths import from_json_path, from_spreadsheet, original

    paths = {os.path.join(tree, name) for name in ODD_NAMES}
    assert {os.fsencode(from_json_path(one["path"], one.get("path_bytes"))) for one in objects(done.stdout)} == paths
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"), newline="")))
    assert {os.fsencode(original(from_spreadsheet(row["path"]))) for row in rows} == paths
    media = json.loads((tmp_path / "o").read_text())["value"][0]["Media"]
    vics = {os.fsencode(original(one["FilePath"].replace("\\", "/"))) for found in media for one in found["MediaFiles"]}
    assert vics == paths


@pytest.mark.parametrize(("option", "end"), [([], b"\n"), (["-0"], b"\0"), (["--null"], b"\0")])
def test_paths_are_read_from_standard_input(tree: Path, lists: list[str], option: list[str], end: bytes) -> None:
    paths = [tree / "a/listed.jpg", tree / "other.jpg", tree / "never.jpg", tree / "other.jpg"]
    given = end.join(os.fsencode(path) for path in paths)
    done = rempart("scan", "-", *option, *lists, "--json", input=given)
    assert results(done.stdout, tree) == {"a/listed.jpg": "match", "other.jpg": "clear", "never.jpg": "unhashed"}


def test_output_of_find_is_scanned_once(tree: Path, lists: list[str]) -> None:
    found = subprocess.run(["find", tree, "-print0"], capture_output=True, check=True).stdout
    done = rempart("scan", "-", "-0", *lists, "--json", input=found)
    assert results(done.stdout, tree) == EXPECTED


def test_overlapping_paths_are_scanned_once(tree: Path, lists: list[str]) -> None:
    done = rempart("scan", tree, tree / "a", tree / "other.jpg", *lists, "--json")
    assert results(done.stdout, tree) == EXPECTED


def test_links_are_listed_and_are_no_failure(tree: Path, lists: list[str], tmp_path: Path) -> None:
    outside = write_all(tmp_path / "outside", {"x": LISTED})
    (tree / "link").symlink_to(outside)
    os.mkfifo(tree / "pipe")
    done = rempart("scan", tree / "link", tree / "pipe", tree / "other.jpg", *lists, "--json")
    found = by_path(done.stdout)
    assert done.returncode == 0
    assert (found[f"{tree}/link"]["problem"], found[f"{tree}/pipe"]["problem"]) == ("link", "special")
    assert len(found) == 3


def test_nothing_is_altered_in_what_is_scanned(tree: Path, lists: list[str], tmp_path: Path) -> None:
    with zipfile.ZipFile(tree / "z.zip", "w") as archive:
        archive.writestr("in.jpg", LISTED)
    (tree / "link").symlink_to("other.jpg")
    paths = [tree, *tree.rglob("*")]
    digests = {path: hashlib.sha256(path.read_bytes()).digest() for path in paths if path.is_file()}
    for path in paths:
        os.utime(path, (1_000_000_000, 1_000_000_000), follow_symlinks=False)
    before = [_status(path) for path in paths]
    rempart("scan", tree, *lists, "--csv", tmp_path / "o.csv", "--resume", tmp_path / "j")
    assert [_status(path) for path in paths] == before
    assert sorted([tree, *tree.rglob("*")]) == sorted(paths)
    assert {path: hashlib.sha256(path.read_bytes()).digest() for path in digests} == digests


def _status(path: Path) -> tuple[int, ...]:
    found = path.lstat()
    return (
        found.st_mode, found.st_uid, found.st_nlink, found.st_size, found.st_atime_ns, found.st_mtime_ns,
        found.st_ctime_ns,
    )  # fmt: skip


@pytest.mark.parametrize("option", ["--csv", "--vics", "--html", "--resume"])
def test_outputs_inside_what_is_scanned_are_refused(tree: Path, lists: list[str], option: str) -> None:
    before = sorted(tree.rglob("*"))
    done = rempart("scan", tree, *lists, option, tree / "a" / "out")
    assert done.returncode == 2
    assert b"inside" in done.stderr
    assert sorted(tree.rglob("*")) == before


def test_outputs_over_what_is_read_are_refused(tree: Path, lists: list[str], tmp_path: Path) -> None:
    for path in (tree / "other.jpg", Path(lists[1])):
        before = path.read_bytes()
        done = rempart("scan", tree / "other.jpg", *lists, "--csv", path)
        assert (done.returncode, b"must not be written over" in done.stderr) == (2, True)
        assert path.read_bytes() == before


def test_redirected_output_inside_what_is_scanned_is_refused(tree: Path, lists: list[str]) -> None:
    with open(tree / "out.jsonl", "wb") as stream:
        done = subprocess.run(
            command("scan", tree, *lists, "--json"), env=environment(), stdout=stream, stderr=subprocess.PIPE
        )
    assert done.returncode == 2
    assert (tree / "out.jsonl").read_bytes() == b""


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
    time.sleep(2.5)  # standard input stays open, so the scan cannot end by itself
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
