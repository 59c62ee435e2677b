"""Probes: what a picture is looked up as."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pictures import scene
from rempart.signals.decode import Decoded, decode
from rempart.signals.outcome import LOW_QUALITY_BELOW, Limits
from rempart.signals.pdq import pdq
from rempart.signals.probes import SETS, make_probes
from rempart.signals.values import PdqHash
from rempart.signals.views import square512, thumbnail512

RADIUS = 31


def decoded(pixels: np.ndarray) -> Decoded:
    return Decoded(pixels=np.ascontiguousarray(pixels), media_type="image/png", orientation=1)


def found_by(pixels: np.ndarray, known: PdqHash, probe_set: str = "default") -> dict[str, int]:
    """The probes of a picture that are within the radius of a hash, with their distances."""
    near = {p.name: p.hash.distance(known) for p in make_probes(decoded(pixels), probe_set=probe_set)}
    return {name: distance for name, distance in near.items() if distance <= RADIUS}


@pytest.mark.parametrize("probe_set", SETS)
def test_the_first_probe_is_the_canonical_hash(probe_set: str) -> None:
    pixels = scene(1)
    first = make_probes(decoded(pixels), probe_set=probe_set)[0]
    assert (first.name, first.hash, first.quality) == ("canonical", pdq(pixels).hash, pdq(pixels).quality)


def test_the_canonical_set_is_one_probe() -> None:
    assert len(make_probes(decoded(scene(1)), probe_set="canonical")) == 1


def test_an_unknown_set_is_an_error() -> None:
    with pytest.raises(KeyError):
        make_probes(decoded(scene(1)), probe_set="everything")


@pytest.mark.parametrize("probe_set", SETS)
def test_probe_names_are_unique(probe_set: str) -> None:
    framed = np.pad(scene(3), ((300, 340), (20, 20), (0, 0)), constant_values=255)
    names = [probe.name for probe in make_probes(decoded(framed), probe_set=probe_set)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "turn",
    [
        lambda a: a[:, ::-1],
        lambda a: a[::-1],
        lambda a: np.rot90(a),
        lambda a: np.rot90(a, 2),
        lambda a: np.rot90(a, 3),
        lambda a: a.swapaxes(0, 1),
        lambda a: a[::-1, ::-1].swapaxes(0, 1),
    ],
    ids=["mirrored", "flipped", "left", "upside down", "right", "transposed", "transposed back"],
)
def test_a_mirrored_or_turned_copy_is_found_by_a_dihedral_probe_only(seed: int, turn) -> None:
    original = scene(seed)
    found = found_by(turn(original), pdq(original).hash)
    assert found
    assert all(name.startswith("canonical+") for name in found)


def test_a_negative_is_found_by_its_complement() -> None:
    assert found_by(255 - scene(5), pdq(scene(5)).hash).keys() == {"negative"}


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_list_hashed_without_applying_exif_is_found(orientation: int) -> None:
    stored = scene(6)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(buffer, "PNG", exif=exif)
    upright = decode(buffer.getvalue(), limits=Limits())
    assert upright.orientation == orientation
    hashes = [probe.hash.distance(pdq(stored).hash) for probe in make_probes(upright, probe_set="default")]
    assert min(hashes) <= 8


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.02, 0.043, 0.1])
@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (40, 160, 90)], ids=["white", "black", "green"])
def test_a_bordered_copy_is_found_by_trimming(seed: int, share: float, colour: tuple[int, int, int]) -> None:
    original = scene(seed, 480, 340)
    width = round(340 * share)
    canvas = np.full((340 + 2 * width, 480 + 2 * width, 3), colour, np.uint8)
    canvas[width:-width, width:-width] = original
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "JPEG", quality=60)
    copy = decode(buffer.getvalue(), limits=Limits()).pixels
    assert "trim" in found_by(copy, pdq(original).hash)


@pytest.mark.parametrize("seed", range(8))
def test_a_photo_without_frame_makes_no_probe_for_frames(seed: int) -> None:
    names = {probe.name.partition("+")[0] for probe in make_probes(decoded(scene(seed)), probe_set="default")}
    assert names == {"canonical", "negative"}


def test_a_picture_without_content_is_looked_up_as_itself_only() -> None:
    (only,) = make_probes(decoded(np.full((200, 300, 3), 90, np.uint8)), probe_set="thorough")
    assert only.name == "canonical"
    assert only.quality < LOW_QUALITY_BELOW


@pytest.mark.parametrize("probe_set", SETS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9000), (9000, 1), (4, 5), (64, 3), (65, 65), (2, 700)])
def test_any_shape_of_picture_has_probes(probe_set: str, shape: tuple[int, int]) -> None:
    noisy = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for pixels in (noisy, np.zeros((*shape, 3), np.uint8)):
        assert make_probes(decoded(pixels), probe_set=probe_set)[0].name == "canonical"


def test_lists_hashed_at_512_pixels_are_found_by_the_thorough_set() -> None:
    pixels = scene(7, 1300, 900)
    small = Image.fromarray(pixels)
    small.thumbnail((512, 512))
    found = {p.name: p.hash for p in make_probes(decoded(pixels), probe_set="thorough")}
    assert found["thumbnail512"] == pdq(np.asarray(small)).hash
    assert found["square512"] == pdq(np.asarray(Image.fromarray(pixels[::1]).resize((512, 512), 0))).hash or (
        found["square512"].distance(pdq(pixels).hash) <= RADIUS
    )


def test_views_of_small_pictures_are_not_made() -> None:
    assert thumbnail512(scene(1, 512, 300)) is None
    assert square512(scene(1, 300, 512)) is None
