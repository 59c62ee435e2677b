"""Lists made from pictures: digests, PDQ and facets, by the sandboxed workers."""

import json
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from listfiles import build, options, rempart
from rempart.errors import IncompleteError
from rempart.lists.build import ListBuilder
from rempart.lists.hashlist import HashList
from rempart.lists.pictures import import_pictures
from rempart.signals.decode import RECIPE
from rempart.signals.outcome import Limits
from rempart.signals.pdq import pdq
from rempart.signals.values import SignalKind


def scene(seed, size=(400, 300)):
    """A smooth random picture."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("pictures")
    (place / "below").mkdir()
    for seed in range(3):
        scene(seed).save(place / f"p{seed}.png")
    scene(7).save(place / "below" / "deep.jpg", quality=90)
    Image.new("RGB", (200, 200), (7, 7, 7)).save(place / "flat.png")
    (place / "broken.jpg").write_bytes((place / "below" / "deep.jpg").read_bytes()[:300])
    (place / "letter.txt").write_text("no picture")
    outside = tmp_path_factory.mktemp("outside")
    scene(9).save(outside / "o.png")
    (place / "link.png").symlink_to(outside / "o.png")
    (place / "linked").symlink_to(outside)
    os.mkfifo(place / "pipe")
    return place


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("list") / "l"
    opts = options()
    with ListBuilder(path, name="pictures", schemes=opts.schemes, created=opts.now) as builder:
        source = import_pictures(builder, folder, options=opts, workers=2)
        report = builder.finish([source])
    return path, source, report


def test_every_picture_is_entered_and_what_cannot_be_hashed_is_refused_with_its_outcome(made):
    _, source, report = made
    assert (source.read, source.accepted, source.refused) == (7, 5, 2)
    told = sorted(one.reason for one in source.first_refused)
    assert told[0].startswith("broken.jpg: unreadable")
    assert told[1].startswith("flat.png: low_quality: digests only")
    assert told[2].startswith("letter.txt: not_media")
    assert "matched by digest only" in source.notes[0]
    assert report.matching == 5


def test_links_are_not_followed(made):
    with HashList.open(made[0]) as list_:
        paths = {one.record["path"] for one in list_.entries()}
    assert paths == {"p0.png", "p1.png", "p2.png", "below/deep.jpg", "flat.png"}


def test_an_entry_has_digests_the_canonical_hash_and_facets(made):
    with HashList.open(made[0]) as list_:
        entries = {one.record["path"]: one for one in list_.entries()}
    signals = entries["p0.png"].signals
    assert {one.signal.kind for one in signals} == set(SignalKind)
    whole = [one for one in signals if one.signal.kind is SignalKind.PDQ and one.facet is None]
    facets = [one for one in signals if one.facet]
    expected = pdq(np.asarray(scene(0)))
    assert [(one.signal, one.quality, one.recipe) for one in whole] == [(expected.hash, expected.quality, RECIPE)]
    assert 0 < len(facets) <= 128
    assert {one.recipe for one in facets} == {RECIPE}
    assert {one.signal.kind for one in entries["flat.png"].signals} == {
        SignalKind.SHA256,
        SignalKind.SHA1,
        SignalKind.MD5,
    }


def test_a_cropped_and_a_tilted_copy_are_found_by_a_facet(made):
    picture = scene(1)
    cropped = picture.crop((0, 0, 340, 300))
    tilted = picture.rotate(-4, Image.Resampling.BICUBIC)
    with HashList.open(made[0]) as list_:
        for altered in (cropped, tilted):
            (found,) = list_.lookup([pdq(np.asarray(altered)).hash])
            assert [match.entry for match in found if match.facet]


def test_a_list_of_pictures_survives_export_and_import(made, tmp_path):
    done = rempart("list", "export", made[0], "-o", tmp_path / "out.jsonl")
    assert done.returncode == 0
    build(tmp_path / "again", files=[tmp_path / "out.jsonl"])
    with HashList.open(made[0]) as first, HashList.open(tmp_path / "again") as second:
        assert list(first.entries()) == list(second.entries())


def test_pictures_over_a_limit_are_refused_as_too_large(folder, tmp_path):
    opts = options()
    with ListBuilder(tmp_path / "l", name="x", schemes=opts.schemes, created=opts.now) as builder:
        source = import_pictures(builder, folder, options=opts, limits=Limits(pixels=50_000))
    told = [one.reason for one in source.first_refused if "too_large" in one.reason]
    assert {reason.partition(":")[0] for reason in told} >= {"p0.png", "p1.png", "p2.png", "below/deep.jpg"}
    assert "flat.png" not in "".join(told)


def test_the_command_line_makes_the_same_list(folder, tmp_path):
    done = rempart("list", "build", tmp_path / "l", "--pictures", folder, "--workers", 2, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["matching"], told["refused"], told["values_left_out"]) == (5, 2, 1)
    shown = json.loads(rempart("list", "show", tmp_path / "l", "--json").stdout)
    assert shown["recipes"] == [RECIPE]
    assert shown["facets"] is True


def test_names_that_are_not_utf8_are_entered_and_printed(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    scene(1).save(place / "a.png")
    os.rename(place / "a.png", os.fsencode(place) + b"/\xff\n.png")
    (place / "b\udcff.txt").write_text("x")
    done = rempart("list", "build", tmp_path / "l", "--pictures", place)
    assert done.returncode == 0, done.stderr
    assert "b\ufffd.txt: not_media" in done.stdout
    with HashList.open(tmp_path / "l") as list_:
        assert [one.record["path"] for one in list_.entries()] == ["\ufffd\n.png"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    opts = options()
    with ListBuilder(tmp_path / "l", name="x", schemes=opts.schemes, created=opts.now) as builder:
        with pytest.raises(IncompleteError, match="could not be read"):
            import_pictures(builder, tmp_path / "none", options=opts)


def test_a_folder_that_cannot_be_listed_is_refused_by_name(tmp_path):
    above = tmp_path / "in"
    above.mkdir()
    scene(1).save(above / "a.png")
    folder = os.open(above, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=folder)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    done = rempart("list", "build", tmp_path / "l", "--pictures", above, "--json")
    subprocess.run(["rm", "-r", str(above)], check=True)
    told = json.loads(done.stdout)
    assert (told["accepted"], told["refused"]) == (1, 1)
    assert "could not be listed: File name too long" in told["sources"][0]["first_refused"][0]["reason"]
