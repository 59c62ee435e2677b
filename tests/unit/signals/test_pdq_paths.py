"""The two paths of PDQ, and their builds: every one gives the same bits, and the margins between them hold."""

import ast
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from PIL import Image

from pictures import scene
from rempart.signals import pdq_numpy

kernel = pytest.importorskip("rempart._native.pdqkernel", reason="the C kernel was not built")

SIZES = [(5, 7), (40, 300), (64, 64), (128, 129), (200, 201), (257, 383), (480, 640), (700, 901)]


@pytest.fixture(params=kernel.available())
def isa(request):
    before = kernel.isa()
    kernel.force(request.param)
    yield request.param
    kernel.force(before)


def pictures(size):
    whole = Image.fromarray(scene(size[0], 320, 240)).resize(size[::-1], Image.Resampling.BICUBIC)
    pixels = np.asarray(whole)
    return [pixels, np.ascontiguousarray(pixels[..., 0]), pixels // 9, np.zeros_like(pixels), 255 - pixels]


def arrays(pair):
    samples, frequencies = pair
    return (
        np.frombuffer(samples, np.float32).reshape(64, 64),
        np.frombuffer(frequencies, np.float32).reshape(16, 16),
    )


def numpy_paths(pixels, *, exact):
    rows, columns = pdq_numpy.axis_of(pixels.shape[0]), pdq_numpy.axis_of(pixels.shape[1])
    samples = (pdq_numpy.replay if exact else pdq_numpy.reduce_picture)(pixels, rows, columns)
    return samples, pdq_numpy.transform(samples)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_numpy_and_every_instruction_set_give_the_same_bits_at_any_quality(size, isa):
    for pixels in pictures(size):
        for dihedral in (False, True):
            assert kernel.hash(pixels, dihedral) == pdq_numpy.hash(pixels, dihedral)
        for exact in (False, True):
            for mine, theirs in zip(
                arrays(kernel.frequencies(pixels, exact)), numpy_paths(pixels, exact=exact), strict=True
            ):
                assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_exact_path_repeats_every_rounding_of_the_reference(size, isa):
    for pixels in pictures(size):
        if pixels.ndim == 3:
            expected, _ = pdqhash.compute_float(pixels)
            _, frequencies = arrays(kernel.frequencies(pixels, True))
            assert np.array_equal(frequencies.ravel()[::-1], expected.astype(np.float32))


def test_the_two_paths_stay_within_half_of_the_margins():
    for seed in range(25):
        pixels = scene(seed, 200 + 31 * seed, 150 + 17 * seed)
        rows, columns = pdq_numpy.axis_of(pixels.shape[0]), pdq_numpy.axis_of(pixels.shape[1])
        step, margin = pdq_numpy.margins(rows, columns)
        fast, exact = arrays(kernel.frequencies(pixels, False)), arrays(kernel.frequencies(pixels, True))
        assert (np.abs(fast[1] - exact[1]) <= margin / 2).all()
        for axis in (0, 1):
            drift = np.diff(fast[0], axis=axis) - np.diff(exact[0], axis=axis)
            assert np.abs(drift).max() * 100 / 255 <= step


def box_twice(values, window):
    """Two running means as the reference defines them, in float64: the slow oracle of the integer weights."""
    half = (window + 2) // 2
    for _ in range(2):
        sums = np.concatenate([[0.0], np.cumsum(values)])
        low = np.maximum(np.arange(len(values)) - (window - half), 0)
        high = np.minimum(np.arange(len(values)) + half, len(values))
        values = (sums[high] - sums[low]) / (high - low)
    return values


def test_integer_weights_are_two_running_means_for_every_length():
    rng = np.random.default_rng(2)
    for n in [*range(5, 700), 1023, 1024, 1025, 4000, 8191, 8192, 8193, 65535]:
        axis = pdq_numpy.axis_of(n)
        values = rng.random(n)
        means = [
            float(weights.astype(float) @ values[start : start + len(weights)]) for start, weights in axis.samples()
        ]
        window = axis.window
        if axis.clipped:
            means[63] += means.pop() * window / (window - 1)
        expected = box_twice(values, window)[list(axis.centres)]
        assert np.allclose(np.array(means) / window**2, expected, rtol=0, atol=1e-9), n


def test_luma_in_thousandths_is_the_reference_luma_for_every_colour():
    green, blue = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    for red in range(0, 256, 5):
        reference = (np.uint8(red) * np.float64(0.299) + green * 0.587 + blue * 0.114).astype(np.float32)
        thousandths = 299 * red + 587 * green.astype(np.int64) + 114 * blue.astype(np.int64)
        assert np.array_equal((thousandths * 0.001).astype(np.float32), reference)


def test_an_instruction_set_that_is_not_here_is_refused():
    with pytest.raises(ValueError, match="abacus"):
        kernel.force("abacus")
    assert kernel.isa() in kernel.available()


def test_buffers_that_are_no_picture_are_refused():
    for wrong in (b"bytes", np.zeros((9, 9), np.float32), np.zeros((9, 18), np.uint8)[:, ::2]):
        with pytest.raises(ValueError):
            kernel.hash(wrong)
    with pytest.raises(TypeError):
        kernel.hash(None)
    with pytest.raises(ValueError, match="fewer than 5"):
        kernel.frequencies(np.zeros((4, 9), np.uint8), True)


def test_the_stub_names_what_the_kernel_has():
    tree = ast.parse((Path(kernel.__file__).parent / "pdqkernel.pyi").read_text())
    named = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert named == {name for name in dir(kernel) if not name.startswith("_")}
