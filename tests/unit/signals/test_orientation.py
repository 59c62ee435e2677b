"""Turning by EXIF: the kernel, NumPy and plain indexing agree."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from rempart.signals.orientation import read_orientation, turn, turn_by_numpy


def upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Pixel by pixel, as EXIF 2.32 says where row 0 and column 0 of the stored picture are to be seen."""
    height, width = stored.shape[:2]
    shown = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            place = {
                1: (y, x),
                2: (y, width - 1 - x),
                3: (height - 1 - y, width - 1 - x),
                4: (height - 1 - y, x),
                5: (x, y),
                6: (x, height - 1 - y),
                7: (width - 1 - x, height - 1 - y),
                8: (width - 1 - x, y),
            }[orientation]
            shown[place] = stored[y, x]
    return shown


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (5, 3), (64, 64), (65, 129), (130, 63)])
def test_turning_equals_moving_pixel_by_pixel(shape: tuple[int, int], orientation: int) -> None:
    stored = np.random.default_rng(orientation).integers(0, 256, (*shape, 3), dtype=np.uint8)
    expected = upright(stored, orientation)
    for way in (turn, turn_by_numpy):
        turned = way(stored, orientation)
        assert np.array_equal(turned, expected)
        assert turned.flags.c_contiguous


def test_a_view_of_a_larger_picture_is_turned_too() -> None:
    large = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert np.array_equal(turn(large[3:20, 5:30], 6), upright(large[3:20, 5:30], 6))


def test_kernel_refuses_what_does_not_fit() -> None:
    kernel = pytest.importorskip("rempart._native.pixelkernel")
    stored = np.zeros((4, 6, 3), np.uint8)
    for target, orientation in (
        (np.zeros((4, 6, 3), np.uint8), 6),
        (np.zeros((6, 4, 3), np.uint8), 2),
        (np.zeros((6, 4, 4), np.uint8), 6),
        (np.zeros((6, 4, 3), np.int8), 6),
        (np.zeros((6, 4, 3), np.uint8), 9),
        (np.zeros((6, 4, 3), np.uint8), 0),
    ):
        with pytest.raises(ValueError, match=r"shape|orientation"):
            kernel.turn(stored, orientation, target)
    with pytest.raises((ValueError, BufferError)):
        kernel.turn(stored[:, ::2], 6, np.zeros((3, 4, 3), np.uint8))
    frozen = np.zeros((6, 4, 3), np.uint8)
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        kernel.turn(stored, 6, frozen)


def test_the_stub_names_what_the_kernel_has() -> None:
    kernel = pytest.importorskip("rempart._native.pixelkernel")
    tree = ast.parse((Path(kernel.__file__).parent / "pixelkernel.pyi").read_text())
    named = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert named == {name for name in dir(kernel) if not name.startswith("_")}


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_is_read_in_both_byte_orders(order: str, value: int) -> None:
    mark = b"II*\0" if order == "little" else b"MM\0*"

    def number(n: int, size: int) -> bytes:
        return n.to_bytes(size, order)  # type: ignore[arg-type]

    other = number(0x010F, 2) + number(2, 2) + number(4, 4) + b"abc\0"
    entry = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(value, 2) + bytes(2)
    block = mark + number(8, 4) + number(2, 2) + other + entry + bytes(4)
    assert read_orientation(block) == value
    assert read_orientation(b"Exif\0\0" + block) == value
    assert read_orientation(memoryview(block)) == value


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_orientation_out_of_range_is_none(value: int) -> None:
    entry = b"\x12\x01\x03\x00\x01\0\0\0" + value.to_bytes(2, "little") + bytes(2)
    assert read_orientation(b"II*\0\x08\0\0\0\x01\0" + entry + bytes(4)) == 1
