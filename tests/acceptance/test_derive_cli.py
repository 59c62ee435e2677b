"""`rempart derive` as examiners run it: real files, real decode workers."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zlib
from base64 import a85decode
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import pictures
from commands import command

STREAM = re.compile(rb"stream\r?\n(.*?~>)\s*endstream", re.S)
FIELDS = {"source", "finding", "inliers", "agreement", "mirrored"}


def photo(seed: int) -> Image.Image:
    return Image.fromarray(pictures.scene(seed))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suspect that was cut out of the second of four sources and mirrored, and files that are no pictures."""
    home = tmp_path_factory.mktemp("derive")
    sources = home / "sources"
    sources.mkdir()
    for seed in range(1, 5):
        (sources / f"{seed}.jpg").write_bytes(pictures.encode(photo(seed)))
    cut = photo(2).crop((60, 40, 420, 320)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    (home / "suspect.jpg").write_bytes(pictures.encode(cut, quality=70))
    (home / "cut-short.jpg").write_bytes(pictures.jpeg(5)[:3000])
    (home / "notes.txt").write_text("no picture")
    return home


def derive(*arguments: object) -> tuple[int, dict[str, Any]]:
    done = command("derive", *arguments, "--json", "--workers", 2)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def first(folder: Path) -> tuple[int, dict[str, Any]]:
    return derive(
        folder / "suspect.jpg", folder / "sources", folder / "cut-short.jpg", folder / "notes.txt", folder / "none.jpg",
        "--features", folder / "features", "--report", folder / "report.pdf",
    )  # fmt: skip


def test_the_source_is_found_and_the_others_are_not(folder: Path, first: tuple[int, dict[str, Any]]) -> None:
    results = first[1]["results"]
    assert first[1]["suspect"] == str(folder / "suspect.jpg")
    assert [Path(one["source"]).name for one in results[:4]] == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert [one["finding"] for one in results[:4]] == ["not_shown", "shared_content", "not_shown", "not_shown"]
    assert all(one.keys() >= FIELDS for one in results[:4])
    found = results[1]
    assert found["mirrored"] is True
    assert found["agreement"] > 0.9
    assert found["shown"] == pytest.approx(360 * 280 / (480 * 360), abs=0.02)
    assert found["band"]["from"] <= found["agreement"]


def test_a_file_that_cannot_be_compared_has_an_outcome_and_no_finding(first: tuple[int, dict[str, Any]]) -> None:
    code, document = first
    bad = document["results"][4:]
    assert code == 2
    assert [one["outcome"] for one in bad] == ["unreadable", "not_media", "unreadable"]
    assert all("finding" not in one and one["error"] for one in bad)


def test_features_are_kept_closed_to_others_and_give_the_same_findings(
    folder: Path, first: tuple[int, dict[str, Any]]
) -> None:
    kept = sorted((folder / "features").iterdir())
    assert len(kept) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stat.S_IMODE((folder / "features").stat().st_mode) == 0o700
    damaged = kept[0].read_bytes()
    kept[0].write_bytes(damaged[:-1] + bytes([damaged[-1] ^ 1]))
    code, again = derive(folder / "suspect.jpg", folder / "sources", "--features", folder / "features")
    assert code == 0
    assert again["results"] == first[1]["results"][:4]
    assert kept[0].read_bytes() == damaged


def test_the_report_is_the_same_to_the_bit_and_holds_no_picture(
    folder: Path, first: tuple[int, dict[str, Any]]
) -> None:
    one = (folder / "report.pdf").read_bytes()
    derive(
        folder / "suspect.jpg", folder / "sources", folder / "cut-short.jpg", folder / "notes.txt", folder / "none.jpg",
        "--report", folder / "again.pdf",
    )  # fmt: skip
    assert (folder / "again.pdf").read_bytes() == one
    assert one.startswith(b"%PDF")
    assert b"/Subtype /Image" not in one
    pages = [
        zlib.decompress(a85decode(b"<~" + raw.strip().removeprefix(b"<~"), adobe=True)) for raw in STREAM.findall(one)
    ]
    assert len(pages) >= 3
    assert not any(re.search(rb"\bBI\b|\bDo\b", page) for page in pages)
    assert stat.S_IMODE((folder / "report.pdf").stat().st_mode) == 0o600


def test_the_report_names_the_digest_of_the_json_as_it_is_printed(folder: Path) -> None:
    done = command("derive", folder / "suspect.jpg", folder / "sources" / "2.jpg", "--json",
                   "--report", folder / "named.pdf")  # fmt: skip
    digest = hashlib.sha256(done.stdout.encode()).hexdigest().encode()
    raw = STREAM.findall((folder / "named.pdf").read_bytes())
    assert any(digest in zlib.decompress(a85decode(b"<~" + one.strip().removeprefix(b"<~"), adobe=True)) for one in raw)


def test_the_words_say_what_is_not_told(folder: Path) -> None:
    done = command("derive", folder / "suspect.jpg", folder / "sources" / "2.jpg", "--report", folder / "fr.pdf",
                   "--language", "fr")  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.startswith("shared_content")
    assert "mirrored" in done.stdout
    assert "does not tell which came first" in done.stdout
    assert (folder / "fr.pdf").read_bytes() != (folder / "report.pdf").read_bytes()


def test_a_suspect_that_cannot_be_read_is_said_and_nothing_is_compared(folder: Path) -> None:
    code, document = derive(folder / "notes.txt", folder / "sources", "--report", folder / "nothing.pdf")
    assert code == 2
    assert document["outcome"] == "not_media"
    assert document["results"] == []
    assert not (folder / "nothing.pdf").exists()
