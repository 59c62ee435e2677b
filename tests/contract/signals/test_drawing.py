"""Derivatives in the worker: what comes back, within its walls, and what is believed of it."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from pictures import encode, jpeg, scene
from rempart.signals import drawing, metadata
from rempart.signals.decode import decode
from rempart.signals.derivatives import BLURRED_CELLS, ENOUGH, Step, derive
from rempart.signals.drawing import Drawn, draw, drawing_pool, read_metadata
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import WorkerPool


@pytest.fixture(scope="module")
def pool():
    with drawing_pool(limits=Limits(seconds=10)) as found:
        yield found


def decoded(made):
    image = Image.open(io.BytesIO(made.data))
    image.load()
    return image


def test_the_worker_draws_what_this_process_would(pool):
    pixels = scene(3, 640, 400)
    for step in Step:
        drawn = draw(pool, memoryview(encode(pixels, "PNG")), step, stamp="p-2345 12:00")
        assert drawn.derivative == derive(pixels, step, stamp="p-2345 12:00")


@pytest.mark.parametrize("turned", [1, 6])
def test_a_large_jpeg_is_drawn_from_fewer_pixels_and_looks_the_same(pool, turned):
    exif = Image.Exif()
    exif[0x0112] = turned
    stream = io.BytesIO()
    Image.fromarray(scene(3, 1920, 1440)).save(stream, "JPEG", quality=90, exif=exif)
    data = stream.getvalue()
    whole = decode(data, limits=Limits()).pixels
    for step, apart in ((Step.SKETCH, 2.5), (Step.SMALL, 1.5), (Step.BLURRED, 1.5), (Step.GREY, 1.5)):
        assert max(decode(data, limits=Limits(), edge=ENOUGH[step]).pixels.shape) < 1300
        drawn, wanted = draw(pool, memoryview(data), step, stamp="x").derivative, derive(whole, step, stamp="x")
        found, right = (np.asarray(decoded(one).convert("L"), int) for one in (drawn, wanted))
        assert found.shape == right.shape, step
        assert np.abs(found - right).mean() < apart, step
    assert draw(pool, memoryview(data[: len(data) * 2 // 3]), Step.SMALL, stamp="x").outcome is Outcome.UNREADABLE
    assert decode(data, limits=Limits(), edge=5000).pixels.shape == whole.shape


def test_the_drawing_worker_has_the_same_walls(pool):
    report = pool.sandbox_report()
    assert (report["can_open"], report["can_network"], report["no_new_privs"]) == (False, False, True)
    assert report["written_file_bytes"] == 0


def test_a_worker_draws_one_picture_after_the_other_and_nothing_leaks_between(pool):
    large = draw(pool, memoryview(encode(np.full((1200, 1600, 3), 250, np.uint8), "PNG")), Step.ORIGINAL, stamp=" ")
    small = draw(pool, memoryview(encode(np.zeros((30, 40, 3), np.uint8), "PNG")), Step.SMALL, stamp=" ")
    assert decoded(large.derivative).size == (1600, 1200)
    assert decoded(small.derivative).convert("L").getextrema()[1] < 8


@pytest.mark.parametrize(
    ("data", "outcome"),
    [(b"", Outcome.NOT_MEDIA), (b"no picture", Outcome.NOT_MEDIA), (jpeg(1)[:3000], Outcome.UNREADABLE)],
)
def test_what_is_no_picture_has_an_outcome(pool, data, outcome):
    assert draw(pool, memoryview(data), Step.GREY, stamp="x") == Drawn(outcome=outcome)


def test_too_many_pixels_and_too_little_time_have_outcomes():
    with drawing_pool(limits=Limits(pixels=1000)) as few:
        assert draw(few, memoryview(jpeg(1)), Step.GREY, stamp="x").outcome is Outcome.TOO_LARGE
    with WorkerPool(limits=Limits(seconds=0.3), task="workertasks:misdraw") as bad:
        deeds = ((b"hang ", Outcome.TIMED_OUT), (b"crash ", Outcome.UNREADABLE), (b"lie ", Outcome.UNREADABLE))
        for word, outcome in deeds:
            assert draw(bad, memoryview(word), Step.GREY, stamp="x").outcome is outcome


def test_an_answer_that_is_no_picture_of_its_kind_is_not_believed():
    def told(**more):
        return Examination(
            **{"outcome": Outcome.OK, "media_type": "image/png", "size": 9, "width": 1, "height": 1} | more
        )

    for content, found in (
        (b"<html><script>", told()),
        (b"\x89PNG\r\n\x1a\n", told(size=9)),  # shorter than it says
        (b"\x89PNG\r\n\x1a\n.", told(size=10_000)),
        (b"\x89PNG\r\n\x1a\n.", told(media_type="image/svg+xml")),
        (b"\x89PNG\r\n\x1a\n.", told(width=0)),
        (b"\x89PNG\r\n\x1a\n.", told(size=0)),
    ):
        descriptor = os.memfd_create("answer")
        os.write(descriptor, content)
        assert drawing._read(descriptor, found, start=0, room=5_000).derivative is None
        os.close(descriptor)
    descriptor = os.memfd_create("answer")
    os.write(descriptor, b"\x89PNG\r\n\x1a\n.")
    assert drawing._read(descriptor, told(), start=0, room=5_000).derivative is not None
    os.close(descriptor)


def test_no_descriptor_stays_open(pool):
    draw(pool, memoryview(jpeg(1)), Step.SMALL, stamp="x")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        draw(pool, memoryview(jpeg(1)), Step.SMALL, stamp="x")
        draw(pool, memoryview(b"no"), Step.SMALL, stamp="x")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_blurred_picture_holds_no_more_than_its_few_places():
    fine = np.indices((480, 640)).sum(0) % 2 * 255  # a chequerboard of single pixels
    made = decoded(derive(np.repeat(fine[..., None], 3, 2).astype(np.uint8), Step.BLURRED, stamp="x"))
    low, high = made.convert("L").getextrema()
    assert high - low < 12
    assert BLURRED_CELLS < 32


def test_a_sketch_of_nothing_is_white_and_of_an_edge_has_a_line():
    plain = decoded(derive(np.full((200, 300, 3), 90, np.uint8), Step.SKETCH, stamp="x"))
    assert plain.getextrema() == (255, 255)
    half = np.full((200, 300, 3), 30, np.uint8)
    half[:, 150:] = 220
    line = np.asarray(decoded(derive(half, Step.SKETCH, stamp="x")))
    assert (line[:, 140:160] < 128).any(axis=1).all()
    assert (line[:, :130] == 255).all()


def test_every_part_of_a_stamped_picture_bears_the_stamp():
    plain = np.full((900, 1200, 3), 128, np.uint8)
    stamped = np.asarray(decoded(derive(plain, Step.ORIGINAL, stamp="p-2345abcdef  2026-11-22 12:00 UTC")))
    marked = abs(stamped.astype(int) - 128).max(axis=2) > 12
    for top in range(0, 900, 225):
        for left in range(0, 1200, 400):
            assert marked[top : top + 225, left : left + 400].mean() > 0.005


def test_pictures_of_one_pixel_and_of_one_line_are_drawn():
    for size in ((1, 1), (1, 5000), (5000, 1), (3, 2)):
        for step in Step:
            made = decoded(derive(np.full((*size, 3), 200, np.uint8), step, stamp="p-2345"))
            assert min(made.size) >= 1


def test_the_worker_reads_what_a_file_says_of_itself(pool):
    block = Image.Exif()
    block[0x010F], block[0x0112] = "A maker\x07", 6
    block.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    block.get_ifd(0x8769)[0x927C] = b"\x00\x01\x02"
    for format in ("JPEG", "PNG", "WEBP", "AVIF"):
        stream = io.BytesIO()
        Image.new("RGB", (40, 30)).save(stream, format, exif=block)
        found = dict(read_metadata(pool, memoryview(stream.getvalue())).pairs)
        assert found == {
            "Make": "A maker ", "Orientation": "6", "MakerNote": "(3 bytes)", "GPSLatitude": "48.0, 51.0, 30.0",
        }, format  # fmt: skip
    assert read_metadata(pool, memoryview(jpeg(1))).pairs == ()
    for broken in (b"", b"nothing", jpeg(1)[:3], b"II*\0\xff\xff\xff\xff"):
        assert read_metadata(pool, memoryview(broken)).outcome is Outcome.UNREADABLE


@pytest.mark.parametrize(
    "said", [b"{}", b"[1]", b'[["a"]]', b'[["a",1]]', b"[" + b'["a","b"],' * 300 + b'["a","b"]]', b"x"]
)
def test_what_a_worker_says_of_metadata_is_read_as_untrusted(said):
    with pytest.raises(ValueError):
        metadata.read(said)


def test_metadata_are_whole_only_where_nothing_was_cut_or_left_out():
    assert metadata.is_whole((("Make", "x"),))
    assert not metadata.is_whole(())
    assert not metadata.is_whole((("Make", "x" * metadata.MOST_VALUE),))
    assert not metadata.is_whole((("Make", "x"),) * metadata.MOST_PAIRS)
