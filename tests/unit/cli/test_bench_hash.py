"""The hash benchmark measures every kind of work, with and without a folder of photos."""

import click
import pytest

from pictures import encode, scene
from rempart.cli.bench.hash import BARE, measure

TINY = ((96, 64, 2, 1),)


def test_each_figure_is_a_time_and_a_ratio_within_the_run(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(encode(scene(1, 96, 64)))
    (tmp_path / "notes.txt").write_text("no photo")
    figures = list(measure(tmp_path, sizes=TINY))
    assert {figure.work for figure in figures} == {"pixels", "JPEG file"}
    assert all(figure.ms >= 0 and figure.megapixels == 0.0 and figure.pictures == 2 for figure in figures)
    by_name = {figure.name: figure for figure in figures}
    assert by_name[BARE].times_bare == 1.0
    assert by_name["pdqhash"].times_peer == 1.0
    assert by_name["file to digests and pdq"].times_bare > by_name["digests alone"].times_bare


def test_a_folder_without_photos_is_refused(tmp_path):
    with pytest.raises(click.UsageError, match="holds no"):
        list(measure(tmp_path, sizes=TINY))
