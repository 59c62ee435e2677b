"""What comes back from a worker that read untrusted bytes is believed as far as its form, and no further."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pictures import encode, scene
from rempart.errors import NotMediaError, NotStampableError, TooLargeError, UnreadableImageError
from rempart.provenance.stamp import making
from rempart.provenance.stamp.labels import Label
from rempart.signals import memoryfile
from rempart.signals.examine import Examination
from rempart.signals.outcome import Outcome

PICTURE = encode(scene(5, 32, 24), "PNG")
HEADER = {
    "psnr": 39.5, "unmarked": None, "replaced": ["depth"], "pdq": "00" * 32, "quality": 100, "width": 32, "height": 24,
}  # fmt: skip
FOUND = Examination(outcome=Outcome.OK)


@contextmanager
def answered(header: object, data: bytes, *, lengths: tuple[int, int] | None = None) -> Iterator[int]:
    text = json.dumps(header).encode()
    told = lengths or (len(text), len(data))
    descriptor = memoryfile.memory_file(memoryview(b"x"), room=1 << 20)
    try:
        whole = b"".join(one.to_bytes(8, "little") for one in told) + text + data
        os.pwrite(descriptor, whole, memoryfile.after(1))
        yield descriptor
    finally:
        os.close(descriptor)


def read(descriptor: int, kind: str | None = "image/png") -> making.Made:
    return making._read(descriptor, FOUND, start=memoryfile.after(1), kind=kind)


def test_an_answer_that_can_be_right_is_read():
    with answered(HEADER, PICTURE) as descriptor:
        made = read(descriptor)
    assert (made.data, made.media_type, made.psnr_db, made.replaced) == (PICTURE, "image/png", 39.5, ("depth",))


@pytest.mark.parametrize(
    "change",
    [
        {"psnr": "39"},
        {"psnr": 1e9},
        {"psnr": None},
        {"unmarked": "too_small"},
        {"unmarked": "because"},
        {"replaced": "depth"},
        {"replaced": ["x" * 41]},
        {"replaced": ["line\nbreak"]},
        {"pdq": "00"},
        {"pdq": 7},
        {"quality": 101},
        {"quality": True},
        {"width": 0},
        {"height": "24"},
    ],
)
def test_a_field_that_cannot_be_right_makes_the_picture_unreadable(change: dict):
    with answered(HEADER | change, PICTURE) as descriptor, pytest.raises(UnreadableImageError):
        read(descriptor)


@pytest.mark.parametrize("lengths", [(0, 10), (10, 0), (1 << 20, 10), (10, 1 << 40), (2**64 - 1, 2**64 - 1)])
def test_lengths_that_cannot_be_right(lengths: tuple[int, int]):
    with answered(HEADER, PICTURE, lengths=lengths) as descriptor, pytest.raises(UnreadableImageError):
        read(descriptor)


def test_bytes_of_another_kind_than_was_sent():
    for data, kind in ((encode(scene(5, 32, 24)), "image/png"), (PICTURE, None), (b"words", "image/png")):
        with answered(HEADER, data) as descriptor, pytest.raises(UnreadableImageError):
            read(descriptor, kind)


def test_every_outcome_has_its_error():
    told = {
        Outcome.NOT_MEDIA: NotMediaError, Outcome.TOO_LARGE: TooLargeError, Outcome.UNREADABLE: UnreadableImageError,
        Outcome.TIMED_OUT: UnreadableImageError,
    }  # fmt: skip
    for outcome, error in told.items():
        assert type(making._error(Examination(outcome=outcome, error="why"))) is error
    refused = making._error(Examination(outcome=Outcome.UNREADABLE, error="refused:It moves."))
    assert (type(refused), refused.message) == (NotStampableError, "It moves.")


def test_the_plan_shows_no_key():
    plan = making.MakingPlan(size=1, record=1, key=b"k" * 32, label=Label(source_type=""))
    assert "kkkk" not in repr(plan)
