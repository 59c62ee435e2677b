"""Memory that is used again never shows in what is found."""

import os

import numpy as np
import pytest

from pictures import encode, scene
from rempart.errors import UnreadableImageError
from rempart.signals.decode import decode
from rempart.signals.examine import examine
from rempart.signals.outcome import Limits
from rempart.signals.room import PixelRoom

LIMITS = Limits()
SIZES = [(320, 240), (64, 48), (333, 77), (640, 480), (16, 16)]


def files():
    return [encode(scene(seed, *size)) for seed, size in enumerate(SIZES)]


def test_pictures_of_any_order_of_sizes_have_the_pixels_that_they_have_alone():
    room = PixelRoom()
    for data in files():
        assert np.array_equal(decode(data, limits=LIMITS, room=room).pixels, decode(data, limits=LIMITS).pixels)


def test_the_next_picture_lies_in_the_same_memory():
    room = PixelRoom()
    first = room.take(100, 50)
    assert first.shape == (100, 50, 3)
    assert first.flags.c_contiguous
    assert np.shares_memory(first, room.take(20, 20))
    assert not np.shares_memory(first, room.take(100, 51))


def test_no_row_of_usual_width_begins_where_the_decoder_bypasses_the_caches():
    for height, width in [(480, 640), (1, 1), (333, 320)]:
        pixels = PixelRoom().take(height, width)
        assert pixels.ctypes.data % 64 == 16
        assert pixels.shape == (height, width, 3)


def test_a_picture_over_the_limit_has_memory_of_its_own_and_nothing_is_kept():
    room = PixelRoom(most=300)
    kept = room.take(10, 10)
    large = room.take(10, 11)
    assert large.shape == (10, 11, 3)
    assert not np.shares_memory(large, room.take(10, 10))
    assert not np.shares_memory(kept, room.take(10, 10))


def test_a_cut_picture_leaves_nothing_to_the_next():
    room = PixelRoom()
    whole = encode(scene(3, 320, 240))
    for part in (whole[: len(whole) // 2], whole[: len(whole) // 2] + b"\xff\xd9"):
        decode(encode(scene(4, 320, 240)), limits=LIMITS, room=room)
        with pytest.raises(UnreadableImageError):
            decode(part, limits=LIMITS, room=room)
    assert np.array_equal(decode(whole, limits=LIMITS, room=room).pixels, decode(whole, limits=LIMITS).pixels)


@pytest.mark.parametrize("change", [-1, 1, 200])
def test_a_header_that_lies_about_the_height_is_read_as_without_a_room(change):
    data = bytearray(encode(scene(5, 64, 48)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = (48 + change).to_bytes(2, "big")
    found = []
    for room in (None, PixelRoom()):
        try:
            found.append(decode(bytes(data), limits=LIMITS, room=room).pixels.tobytes())
        except UnreadableImageError as err:
            found.append(str(err))
    assert found[0] == found[1]


@pytest.mark.parametrize("probe_set", ["canonical", "thorough"])
def test_an_examination_is_the_same_with_a_room(tmp_path, probe_set):
    room = PixelRoom()
    for number, data in enumerate(files()):
        (tmp_path / f"{number}").write_bytes(data)
        fd = os.open(tmp_path / f"{number}", os.O_RDONLY)
        try:
            alone = examine(fd, probe_set=probe_set, limits=LIMITS)
            assert examine(fd, probe_set=probe_set, limits=LIMITS, room=room) == alone
        finally:
            os.close(fd)
