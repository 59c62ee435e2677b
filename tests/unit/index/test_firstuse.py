"""Damage is found when an index is first used, without keeping the users of big ones waiting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hamming_oracle import random_keys
from rempart.errors import CorruptFileError
from rempart.index import firstuse
from rempart.index.digest import DigestIndex
from rempart.index.hamming import HammingIndex
from rempart.index.sections import SectionFile, SectionWriter

KEYS = random_keys(np.random.default_rng(0), 3000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with SectionWriter(tmp_path / "i", kind="trial") as writer:
        HammingIndex.build_into(writer, KEYS)
        DigestIndex.build_into(writer, KEYS[:, :20], prefix="sha1")
    return tmp_path / "i"


def damage(path: Path, section: str) -> None:
    with SectionFile.open(path, kind="trial") as file:
        place = file._section(section).offset + 40
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("section", ["pdq.keys", "pdq.lines.3", "pdq.extra.0"])
def test_a_small_damaged_index_gives_no_answer_at_all(path: Path, section: str) -> None:
    damage(path, section)
    with SectionFile.open(path, kind="trial") as file:
        index = HammingIndex.from_file(file)
        for _ in range(2):
            with pytest.raises(CorruptFileError, match=section):
                index.search(KEYS[:1])


def test_a_damaged_digest_index_gives_no_answer_at_all(path: Path) -> None:
    damage(path, "sha1.tails")
    with SectionFile.open(path, kind="trial") as file, pytest.raises(CorruptFileError, match=r"sha1\.tails"):
        DigestIndex.from_file(file, "sha1").find(KEYS[:1, :20])


def test_a_big_index_answers_at_once_and_reports_damage_when_it_is_found(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firstuse, "SMALL", 0)
    damage(path, "pdq.lines.3")
    with SectionFile.open(path, kind="trial") as file:
        check = firstuse.FirstUse(file, file.names)
        with pytest.raises(CorruptFileError, match=r"pdq\.lines\.3"):
            check.wait()
        with pytest.raises(CorruptFileError):
            check.begin()


def test_an_undamaged_index_is_checked_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[object] = []
    verify = SectionFile.verify

    def counted(self: SectionFile, names: object = None) -> None:
        verified.append(names)
        verify(self, names)  # type: ignore[arg-type]

    with SectionFile.open(path, kind="trial") as file:
        index = HammingIndex.from_file(file)
        monkeypatch.setattr(SectionFile, "verify", counted)
        for _ in range(3):
            assert index.search(KEYS[:1], 0).rows.tolist() == [0]
        assert len(verified) == 1


def test_many_threads_may_be_the_first(path: Path) -> None:
    for _ in range(20):
        with SectionFile.open(path, kind="trial") as file:
            index = HammingIndex.from_file(file)
            with ThreadPoolExecutor(8) as pool:
                found = list(
                    pool.map(lambda at, index=index: index.search(KEYS[at : at + 1], 0).rows.tolist(), range(16))
                )
            assert found == [[at] for at in range(16)]
