"""`rempart hash` and `rempart doctor` as the user runs them: real processes, real files."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import pictures
import rawfiles

FIELDS = ["path", "outcome", "media_type", "size", "sha256", "sha1", "md5", "pdq", "pdq_quality", "recipe", "error"]
MAIN = [sys.executable, "-c", "from rempart.cli import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def rempart(*arguments: str | bytes, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*MAIN, *arguments], capture_output=True, cwd=cwd, env=ENVIRONMENT, timeout=60)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_file_gives_one_line_with_the_promised_fields(tmp_path: Path) -> None:
    data = pictures.jpeg(1)
    (tmp_path / "photo.jpg").write_bytes(data)
    done = rempart("hash", "photo.jpg", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == b""
    (line,) = lines(done)
    assert list(line) == FIELDS
    assert line["path"] == "photo.jpg"
    assert (line["outcome"], line["media_type"], line["size"]) == ("ok", "image/jpeg", len(data))
    assert line["sha256"] == hashlib.sha256(data).hexdigest()
    assert line["sha1"] == hashlib.sha1(data).hexdigest()
    assert line["md5"] == hashlib.md5(data).hexdigest()
    assert len(bytes.fromhex(line["pdq"])) == 32
    assert (line["pdq_quality"], line["recipe"], line["error"]) == (100, "srgb8-full-v1", None)


def test_bad_files_get_their_own_outcome_and_the_rest_goes_on(tmp_path: Path) -> None:
    photo = pictures.jpeg(2)
    files = {
        "a-cut.jpg": photo[:9000],
        "b-empty.jpg": b"",
        "c-words.png": b"these are words",
        "d-bomb.png": rawfiles.png_header(60000, 60000) + rawfiles.png_chunk(b"IDAT", b"x" * 99),
        "e-flat.png": pictures.encode(Image.new("RGB", (200, 200), (9, 9, 200)), "PNG"),
        "f-mislabelled.png": photo,
        "g-random.jpg": b"\xff\xd8\xff" + random.Random(1).randbytes(5000),
        "h-one-pixel.gif": pictures.encode(Image.new("L", (1, 1)), "GIF"),
        "i-thin.png": pictures.encode(Image.new("L", (65535, 1)), "PNG"),
        "j-gif-bomb.gif": b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08" + b"\x01\0\0;",
        "z-good.jpg": photo,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = rempart("hash", str(tmp_path), "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == b""
    answers = {Path(line["path"]).name: line for line in lines(done)}
    assert list(answers) == list(files)  # in the order of the names
    assert {name: line["outcome"] for name, line in answers.items()} == {
        "a-cut.jpg": "unreadable",
        "b-empty.jpg": "not_media",
        "c-words.png": "not_media",
        "d-bomb.png": "too_large",
        "e-flat.png": "low_quality",
        "f-mislabelled.png": "ok",
        "g-random.jpg": "unreadable",
        "h-one-pixel.gif": "low_quality",
        "i-thin.png": "low_quality",
        "j-gif-bomb.gif": "too_large",
        "z-good.jpg": "ok",
    }
    for name, data in files.items():
        assert answers[name]["sha256"] == hashlib.sha256(data).hexdigest()


def test_links_in_a_folder_are_not_followed_and_pipes_not_waited_for(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.jpg").write_bytes(pictures.jpeg(3))
    (inside / "photo.jpg").write_bytes(pictures.jpeg(4))
    (inside / "link.jpg").symlink_to(outside / "secret.jpg")
    (inside / "folder").symlink_to(outside)
    os.mkfifo(inside / "pipe")
    done = rempart("hash", "inside", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert {line["path"]: line["outcome"] for line in lines(done)} == {
        "inside/photo.jpg": "ok",
        "inside/pipe": "unreadable",
    }


def test_missing_and_forbidden_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(pictures.jpeg(5))
    done = rempart("hash", "gone.jpg", "photo.jpg", "also-gone.jpg", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert [(line["path"], line["outcome"]) for line in lines(done)] == [
        ("gone.jpg", "unreadable"),
        ("photo.jpg", "ok"),
        ("also-gone.jpg", "unreadable"),
    ]
    assert "No such file" in lines(done)[0]["error"]


def test_any_file_name_comes_back_whole(tmp_path: Path) -> None:
    names = [b"caf\xe9 \xff.jpg", "père\n noël.jpg".encode(), b"plain.jpg"]
    for name in names:
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(pictures.jpeg(6))
    done = rempart("hash", ".", "--json", cwd=tmp_path)
    assert done.returncode == 0
    found = [
        base64.b64decode(line["path_bytes"]) if "path_bytes" in line else line["path"].encode() for line in lines(done)
    ]
    assert sorted(found) == sorted(b"./" + name for name in names)
    assert [line["path"] for line in lines(done) if "path_bytes" in line] == ["./caf%E9 %FF.jpg"]
    shown = rempart("hash", ".", cwd=tmp_path)
    assert len(shown.stdout.splitlines()) == 3


def test_folders_of_any_depth_are_searched_through_in_order(tmp_path: Path) -> None:
    deep = tmp_path / "b"
    for _ in range(1100):
        deep.mkdir()
        deep /= "d"
    deep = deep.parent
    for place in (tmp_path / "a", tmp_path / "c", deep / "deep", tmp_path / "b" / "first", tmp_path / "b.txt"):
        place.write_bytes(b"text")
    done = rempart("hash", ".", "--json", cwd=tmp_path)
    subprocess.run(["rm", "-r", tmp_path / "b"], check=True)
    assert done.returncode == 0
    names = [line["path"].rpartition("/")[2] for line in lines(done)]
    assert names == ["a", "deep", "first", "b.txt", "c"]


def test_limits_are_options(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(pictures.encode(Image.new("RGB", (6000, 5000)), "JPEG"))
    for options in (["--max-pixels", "1000"], ["--max-bytes", "1k"], ["--max-memory", "40M"]):
        done = rempart("hash", "photo.jpg", "--json", *options, cwd=tmp_path)
        assert done.returncode == 2
        assert lines(done)[0]["outcome"] == "too_large", options
    assert rempart("hash", "photo.jpg", "--max-bytes", "lots", cwd=tmp_path).returncode == 2


def test_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(pictures.jpeg(8))
    path.chmod(0o400)
    before = path.stat()
    rempart("hash", "photo.jpg", cwd=tmp_path)
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_mode) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_mode,
    )


def test_interrupt_ends_at_once_with_130(tmp_path: Path) -> None:
    data = pictures.encode(pictures.scene(9, 800, 600), "PNG")
    for number in range(600):
        (tmp_path / f"{number}.png").write_bytes(data)
    with subprocess.Popen(
        [*MAIN, "hash", ".", "--json"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        start = time.monotonic()
        running.communicate(timeout=60)
        assert running.returncode == 130
        assert time.monotonic() - start < 30


def test_doctor_decodes_every_format_and_measures_the_sandbox(tmp_path: Path) -> None:
    done = rempart("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    findings = {(found["topic"], found["name"]): found for found in json.loads(done.stdout)["findings"]}
    for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic"):
        assert findings["formats", f"image/{name}"]["state"] == "decodes"
    assert findings["sandbox", "privileges"]["works"] is True
    assert all(found["advice"] for found in findings.values() if found["works"] is not True)


def test_doctor_in_words_says_what_to_do(tmp_path: Path) -> None:
    done = rempart("doctor", cwd=tmp_path)
    assert done.returncode == 0
    assert b"Nothing is missing" in done.stdout or b"what to do" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    done = rempart("hash", ".", "--json", cwd=tmp_path)
    folder.chmod(0o700)
    assert done.returncode == 2
    assert lines(done)[0]["path"] == "./closed"


def test_folders_below_folders_without_end_are_searched_through(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=folder))
    os.close(folder)
    done = rempart("hash", ".", "--json", cwd=tmp_path)
    assert b"Traceback" not in done.stderr
    assert [one["path"].count("/d") for one in lines(done)] == [1200]
    subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)
