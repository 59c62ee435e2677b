"""`rempart bench recall`, and the edits it is made of."""

from __future__ import annotations

import io
import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pictures import encode, scene
from rempart.cli.bench import layouts, tables
from rempart.cli.bench.edits import Edit, all_edits, by_name
from rempart.cli.bench.recall import command
from rempart.cli.bench.recall_run import EditResult, facet_family, probe_family
from rempart.signals.facets import make_facets

EDITS = {edit.name: edit for edit in all_edits()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in range(3):
        (tmp_path / f"{seed}.jpg").write_bytes(encode(scene(seed, 360, 240)))
    (tmp_path / "broken.jpg").write_bytes(encode(scene(9))[:300])
    (tmp_path / "blank.png").write_bytes(encode(np.full((90, 90, 3), 9, np.uint8), "PNG"))
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, standalone_mode=False, catch_exceptions=False)
    assert result.return_value == 0
    return result.stdout


def test_recall_of_each_edit_and_false_positives_of_each_probe_are_reported(folder: Path) -> None:
    report = json.loads(run(str(folder), "--json", "--only", "mirror", "--pages", "2"))
    assert (report["pictures"], report["radius"]) == (3, 31)
    assert report["left_out"] == ["blank.png", "broken.jpg"]
    edits, probes, keys = (table["rows"] for table in report["tables"])
    mirror = next(row for row in edits if row["edit"] == "mirror")
    assert mirror["plain PDQ"] == 0.0
    assert mirror["probes, list of pictures"] == 1.0
    assert mirror[""] == "reached"
    turned = next(row for row in probes if row["probe"] == "canonical turned")
    assert turned["false"] == 0
    assert turned["lookups"] > 7 * 3
    assert turned["per million"].startswith("0 (under ")
    assert {row["key"] for row in keys} >= {"picture", "crop evenly", "crop one side", "tilt"}


def test_the_same_seed_gives_the_same_report(folder: Path) -> None:
    arguments = (str(folder), "--json", "--only", "crop one side", "--pages", "0", "--seed", "5")
    assert run(*arguments) == run(*arguments)


def test_markdown_is_a_table_that_renders(folder: Path) -> None:
    text = run(str(folder), "--markdown", "--only", "grey", "--pages", "0", "--probes", "canonical")
    assert "| group | edit | plain PDQ |" in text
    assert "## Recall per edit" in text


def test_a_folder_with_fewer_than_two_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(encode(scene(1)))
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 2
    assert "two readable pictures" in result.stderr


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_gives_the_same_readable_picture_for_the_same_seed(name: str) -> None:
    image = Image.fromarray(scene(1, 240, 160))
    first, again, other = (EDITS[name].apply(image, Random(seed)) for seed in (4, 4, 5))
    assert first == again
    with Image.open(io.BytesIO(first)) as copy:
        assert copy.mode == "RGB"
        assert min(copy.size) > 30
    assert isinstance(other, bytes)
    assert np.array_equal(np.asarray(image), scene(1, 240, 160))


def test_edit_names_are_unique_and_can_be_asked_for() -> None:
    assert len(EDITS) == len(all_edits())
    assert by_name("mirror")(Image.fromarray(scene(1)), Random(1))
    with pytest.raises(KeyError):
        by_name("no such edit")


def test_layouts_held_out_are_marked_in_the_edits() -> None:
    held = {name.removeprefix("screenshot ") for name, edit in EDITS.items() if edit.held_out}
    assert held == {name for name, out in layouts.LAYOUTS.items() if out}
    assert len(held) >= 3


def test_recall_without_a_family_counts_only_what_the_others_found() -> None:
    edit = Edit(name="x", group="g", make=lambda image, rng: image)
    found = [frozenset({("trim", "picture"), ("canonical", "tilt")}), frozenset({("trim", "tilt")}), frozenset()]
    result = EditResult(edit=edit, found=found)
    assert result.recall() == pytest.approx(2 / 3)
    assert result.recall(without_probe="trim") == pytest.approx(1 / 3)
    assert result.recall(without_key="tilt") == pytest.approx(1 / 3)
    assert result.recall(only=("canonical", "picture")) == 0


def test_a_rate_that_was_never_seen_is_given_as_a_bound() -> None:
    assert tables.per_million(0, 3000) == "0 (under 1,000)"
    assert tables.per_million(6, 3000) == "2,000"
    assert tables.per_million(0, 0) == "–"


def test_probes_and_facets_have_families() -> None:
    assert probe_family("canonical+flipx") == "canonical turned"
    assert probe_family("region:wide:2") == "region:wide"
    assert probe_family("region:edge+flipx") == "region turned"
    families = {facet_family(facet.name) for facet in make_facets(scene(1))}
    assert "crop of two or three sides" in families
    assert not any(":" in family for family in families)
