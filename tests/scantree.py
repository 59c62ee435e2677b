"""What the acceptance tests of the scan share: one listed picture, one like a listed one, one on no list."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pictures import jpeg
from rempart.signals.examine import examine
from rempart.signals.outcome import Limits
from rempart.signals.values import PdqHash
from scanning import build_list, known_good_list, sha256, write_all

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
