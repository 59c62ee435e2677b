"""`rempart bench match` measures what it says, with or without FAISS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pictures import scene
from rempart.cli.bench import match
from rempart.cli.bench.match import command
from rempart.cli.bench.matchkeys import near_keys, random_keys


@pytest.fixture(autouse=True)
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "_SECONDS", 0.02)


def run(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(command, [*arguments, "--rounds", "1", "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_peer_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    report = run("--size", "3000", "--no-numpy", "--peer", "flat")
    assert report["missing"] == ["faiss flat"]
    assert all(figure["per_cpu_second"] > 0 and figure["p50_ms"] > 0 for figure in report["figures"])


def test_peers_that_are_installed_find_the_same_rows() -> None:
    pytest.importorskip("faiss")
    report = run("--size", "2500")
    assert [figure["agrees"] for figure in report["figures"][1:]] == [True] * (len(report["figures"]) - 1)
    for own, ratios in report["ratios"].items():
        assert own.startswith("rempart")
        assert set(ratios) == {"faiss flat", "faiss multihash 16x16"}


def test_real_keys_come_from_crops_of_photos(tmp_path: Path) -> None:
    Image.fromarray(scene(1, 200, 260)).save(tmp_path / "a.png")
    report = run("--size", "2100", "--folder", str(tmp_path), "--isa", "numpy", "--peer", "flat")
    assert (report["kind"], report["size"]) == ("real", 2100)


def test_near_keys_lie_within_their_flips() -> None:
    rng = np.random.default_rng(2)
    keys = random_keys(rng, 50)
    near = near_keys(rng, keys, 30, flips=31)
    found = np.bitwise_count(near[:, None] ^ keys[None]).sum(axis=2, dtype=int).min(axis=1)
    assert found.max() <= 31
    assert len(set(found.tolist())) > 5


def test_impossible_options_are_refused() -> None:
    for arguments in (["--kind", "real"], ["--isa", "abacus"]):
        assert CliRunner().invoke(command, arguments).exit_code == 2
