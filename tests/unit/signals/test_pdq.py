"""PDQ agrees with the reference to the bit, on every path, instruction set and layout of pixels."""

import subprocess
import sys
import threading

import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import scene
from rempart.signals import pdq_numpy
from rempart.signals.pdq import DIHEDRALS, backend, pdq, pdq_dihedral
from rempart.signals.values import PdqHash

SIZES = [
    (5, 5),
    (5, 300),
    (64, 64),
    (63, 65),
    (65, 63),
    (100, 100),
    (128, 128),
    (129, 129),
    (128, 257),
    (256, 255),
    (360, 480),
    (383, 641),
    (900, 1200),
]
VECTOR = np.kron(np.random.default_rng(1).integers(0, 255, (16, 16, 3)), np.ones((20, 20, 1))).astype(np.uint8)


def packed(vector):
    return PdqHash(np.packbits(np.asarray(vector, np.uint8)).tobytes())


def reference(pixels):
    """The oracle's eight hashes and quality; it wants three channels without gaps."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    pixels = np.ascontiguousarray(pixels)
    hashes, quality = pdqhash.compute_dihedral(pixels)
    original, _ = pdqhash.compute(pixels)
    return (packed(original), *map(packed, hashes[1:])), quality


def assert_equal_to_reference(pixels):
    expected, quality = reference(pixels)
    if quality < 50:
        return False
    assert pdq_dihedral(pixels) == (expected, quality)
    assert pdq(pixels).hash == expected[0]
    assert pdq(pixels).quality == quality
    return True


def resized(pixels, size):
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BICUBIC))


def test_published_vector():
    result = pdq(VECTOR)
    assert result.hash.hex() == "f5faa121fe03c124cd410d44aa73dcc1c0c9c8b3dee1ca9f9b2e37a23f5f9085"
    assert result.quality == 100


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("seed", [1, 2])
def test_scenes_of_every_size_hash_as_the_reference_in_all_eight_forms(size, seed):
    assert_equal_to_reference(resized(scene(seed), size))


def test_two_hundred_scenes_hash_as_the_reference_in_all_eight_forms():
    rng = np.random.default_rng(5)
    compared = sum(
        assert_equal_to_reference(resized(scene(seed, 240, 180), tuple(rng.integers(40, 400, 2))))
        for seed in range(200)
    )
    assert compared > 150


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 50),
    st.integers(5, 300),
    st.integers(5, 300),
    st.integers(0, 60),
    st.integers(0, 60),
    st.booleans(),
)
def test_any_crop_hashes_in_place_as_its_copy_and_as_the_reference(seed, height, width, top, left, grey):
    whole = scene(seed)
    crop = (whole[..., 1] if grey else whole)[top : top + height, left : left + width]
    assert pdq_dihedral(crop) == pdq_dihedral(np.ascontiguousarray(crop))
    assert_equal_to_reference(crop)


@pytest.mark.parametrize("shape", [(5, 65535), (65535, 5), (40, 30000), (30000, 40), (9000, 300)])
def test_long_narrow_pictures_hash_as_the_reference(shape):
    tile = scene(3, 300, 200)
    pixels = np.tile(tile, (shape[0] // 200 + 1, shape[1] // 300 + 1, 1))[: shape[0], : shape[1]]
    ramp = np.linspace(0.2, 1.0, max(shape))
    pixels = (pixels * (ramp[:, None, None] if shape[0] > shape[1] else ramp[None, :, None])).astype(np.uint8)
    assert_equal_to_reference(pixels)


def test_pictures_too_long_for_the_integer_sums_hash_as_the_reference():
    rng = np.random.default_rng(8)
    line = np.repeat(rng.integers(0, 256, (5, 53)), 10000, axis=1).astype(np.uint8)
    assert pdq_numpy.axis_of(line.shape[1]).window > pdq_numpy.MAX_WINDOW
    assert assert_equal_to_reference(line)
    assert assert_equal_to_reference(np.ascontiguousarray(line.T))


def mirrored():
    half = scene(4, 200, 300)
    return np.concatenate([half, half[:, ::-1]], axis=1)


def checkerboard():
    y, x = np.mgrid[0:300, 0:400]
    return ((x // 40 + y // 30) % 2 * 200).astype(np.uint8)


def noisy_ramp():
    y, x = np.mgrid[0:500, 0:700]
    return np.clip(x // 3 + 60 * ((y // 50) % 2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("draw", [mirrored, checkerboard, noisy_ramp])
def test_pictures_whose_bits_hang_on_rounding_take_the_exact_path_and_equal_the_reference(draw):
    pixels = draw()
    *_, exact = pdq_numpy.hash(pixels, True)
    assert exact
    assert assert_equal_to_reference(pixels)


@pytest.mark.parametrize("shape", [(1, 1), (1, 65535), (65535, 1), (4, 4), (4, 900), (900, 4)])
def test_fewer_than_five_rows_or_columns_give_the_zero_hash_of_quality_zero(shape):
    for pixels in (np.full((*shape, 3), 77, np.uint8), np.full(shape, 77, np.uint8)):
        assert pdq(pixels) == type(pdq(pixels))(hash=PdqHash(bytes(32)), quality=0)
        assert pdq_dihedral(pixels) == ((PdqHash(bytes(32)),) * 8, 0)


def test_a_scene_sets_128_bits():
    for seed in range(30):
        hashes, _ = pdq_dihedral(scene(seed, 160, 120))
        assert {int.from_bytes(value).bit_count() for value in hashes} == {128}


def test_the_negative_of_a_scene_is_256_bits_away():
    for seed in range(30):
        pixels = scene(seed, 160, 120)
        assert pdq(255 - pixels).hash == pdq(pixels).hash.complement()


def test_dihedral_hashes_are_those_of_the_turned_picture_within_a_few_bits():
    pixels = scene(6)
    turned = {
        "original": pixels,
        "rotate90": np.rot90(pixels, 1),
        "rotate180": np.rot90(pixels, 2),
        "rotate270": np.rot90(pixels, 3),
        "flipx": pixels[::-1],
        "flipy": pixels[:, ::-1],
        "flipplus1": pixels.swapaxes(0, 1),
        "flipminus1": np.rot90(pixels, 2).swapaxes(0, 1),
    }
    hashes, _ = pdq_dihedral(pixels)
    for name, value in zip(DIHEDRALS, hashes, strict=True):
        assert value.distance(pdq(turned[name]).hash) <= 14, name


def test_a_grey_picture_hashes_as_the_same_in_three_channels():
    grey = scene(7)[..., 0]
    assert pdq_dihedral(grey) == pdq_dihedral(np.repeat(grey[..., None], 3, axis=2))


def test_any_layout_of_the_same_pixels_hashes_alike():
    pixels = scene(9, 200, 150)
    expected = pdq(pixels)
    wide = np.zeros((150, 200, 4), np.uint8)
    wide[..., :3] = pixels
    for layout in (np.asfortranarray(pixels), wide[..., :3], pixels[::-1].copy()[::-1]):
        assert pdq(layout) == expected
    pixels.flags.writeable = False
    assert pdq(pixels) == expected


def test_rows_of_stride_zero_are_read_without_a_copy():
    row = scene(1)[100]
    tall = np.broadcast_to(row, (20000, *row.shape))
    assert pdq(tall).quality == pdq(np.ascontiguousarray(tall[:480])).quality


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((9, 9, 3), np.int16),
        np.zeros((9, 9, 3), np.int8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9,), np.uint8),
        np.zeros((0, 9, 3), np.uint8),
        np.zeros((9, 0), np.uint8),
        np.zeros((2, 9, 9, 3), np.uint8),
        np.broadcast_to(np.zeros((9, 3), np.uint8), (1 << 31, 9, 3)),
    ],
    ids=lambda wrong: f"{wrong.dtype}{wrong.shape}",
)
def test_other_types_and_shapes_are_refused(wrong):
    for function in (pdq, pdq_dihedral, pdq_numpy.hash):
        with pytest.raises(ValueError, match=r"pixels|picture"):
            function(wrong)


def test_threads_do_not_disturb_each_other():
    expected = [pdq_dihedral(scene(seed)) for seed in range(4)]
    found = [[] for _ in range(4)]

    def work(seed):
        for _ in range(20):
            found[seed].append(pdq_dihedral(scene(seed)))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[value] * 20 for value in expected]


def test_without_the_kernel_numpy_is_chosen_and_gives_the_same_hash():
    code = (
        "import sys; sys.modules['rempart._native.pdqkernel'] = None\n"
        "import numpy as np; from rempart.signals.pdq import backend, pdq\n"
        "pixels = np.random.default_rng(3).integers(0, 256, (90, 70, 3), dtype=np.uint8)\n"
        "print(backend(), pdq(pixels).hash)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    pixels = np.random.default_rng(3).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    assert out == ["numpy", str(pdq(pixels).hash)]
    assert backend() == "numpy" or backend().startswith("c/")
