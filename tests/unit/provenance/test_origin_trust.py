"""Roots: read strictly, kept with their date, and nobody's until somebody loads them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

import origins
from rempart.errors import CorruptFileError, RefusedError, UnavailableError
from rempart.provenance.origin.trust import FILE, MOST_ANCHORS, OWN, Trust, to_load

DAY = date(2026, 11, 1)


def of(*names: str) -> Trust:
    return Trust.of_pem("".join(origins.authority(name=name).root for name in names).encode(), dated=DAY)


def test_nobody_is_trusted_as_shipped_and_the_lists_that_exist_are_dated(tmp_path: Path) -> None:
    assert Trust.shipped() == Trust.kept(tmp_path) == Trust(anchors=(), dated=None)
    assert Trust.shipped().pem == ""
    assert all(date.fromisoformat(one["dated"]) and one["where"] and one["what"] for one in to_load())


def test_roots_are_kept_with_their_date_and_each_once(tmp_path: Path) -> None:
    trust = of("A", "B", "A")
    assert [one.name for one in trust.anchors] == ["A root", "B root"]
    (tmp_path / FILE).write_bytes(trust.written())
    assert Trust.kept(tmp_path) == trust
    assert Trust.kept(tmp_path).sha256 == of("B", "A").sha256 != of("A").sha256


def test_the_operators_own_root_counts_beside_those_that_were_loaded(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(of("A").written())
    (tmp_path / OWN).parent.mkdir()
    (tmp_path / OWN).write_text(origins.authority(name="Own").root)
    assert [one.name for one in Trust.kept(tmp_path).anchors] == ["A root", "Own root"]
    assert [one.name for one in Trust.loaded(tmp_path).anchors] == ["A root"]
    assert Trust.kept(tmp_path).dated == DAY


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"pem": 1, "dated": "2026-11-01"}', '{"pem": "x", "dated": "2026-11-01"}'],
)
def test_a_damaged_file_is_an_error_and_never_no_trust(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CorruptFileError):
        Trust.kept(tmp_path)


def test_a_date_that_is_none_is_an_error(tmp_path: Path) -> None:
    told = json.loads(of("A").written())
    (tmp_path / FILE).write_text(json.dumps({**told, "dated": "yesterday"}))
    with pytest.raises(CorruptFileError):
        Trust.kept(tmp_path)
    with pytest.raises(ValueError, match="date"):
        Trust.shipped().written()


def test_an_own_root_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    (tmp_path / OWN).parent.mkdir()
    (tmp_path / OWN).write_text("nothing")
    with pytest.raises(CorruptFileError):
        Trust.kept(tmp_path)


def test_what_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(UnavailableError):
        Trust.kept(tmp_path)


def test_a_signers_certificate_is_no_root() -> None:
    with pytest.raises(RefusedError, match="certificate authority"):
        Trust.of_pem(origins.authority().chain.encode(), dated=DAY)


def test_files_that_are_no_roots_or_too_many_are_refused() -> None:
    for content in (b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", bytes(5 << 20)):
        with pytest.raises(RefusedError):
            Trust.of_pem(content, dated=DAY)
    with pytest.raises(RefusedError):
        Trust.of_pem(origins.authority().root.encode() * (MOST_ANCHORS + 1), dated=DAY)
