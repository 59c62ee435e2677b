"""Origins read behind the walls of the decode worker, as inspect does."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

import origins
import pictures
from heicfiles import HEIC
from rempart.errors import UnreadableImageError
from rempart.provenance import examining
from rempart.provenance.carried import packed
from rempart.provenance.looking import read_prompts
from rempart.provenance.origin import Declaration, Trust, read_origin
from rempart.provenance.origin.hidden import hidden_in
from rempart.provenance.origin.values import CredentialState, Unread
from rempart.provenance.origin.working import Looked, looked_at, origin_pool, prompts_in
from rempart.provenance.watermark.embedding import embedded
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read, read_any
from rempart.signals.frames import FrameError
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import WorkerPool

TRUST = Trust.of_pem(origins.authority().root.encode(), dated=datetime.now(UTC).date())
PATTERN = Pattern(b"a key of a test, and of nothing else")


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with origin_pool(limits=Limits(pixels=2_000_000)) as opened:
        yield opened


def look(pool: WorkerPool, *files: bytes) -> list[Looked]:
    found = {one.key: one for one in looked_at(pool, enumerate(files), trust=TRUST)}
    return [found[number] for number in range(len(files))]


def test_files_are_read_behind_the_walls_with_the_roots_that_go_with_them(pool: WorkerPool) -> None:
    assert pool.sandbox_report()["can_network"] is False
    signed = origins.authority().sign(origins.picture())
    hidden = origins.hidden(json.dumps(origins.NOVEL))
    first, second, third, fourth = look(pool, signed, hidden, b"no picture", b"")
    assert first.origin is not None
    assert first.origin.credentials.state is CredentialState.TRUSTED
    assert second.origin is not None
    assert (second.origin.declaration, second.origin.generator) == (Declaration.AI_MADE, "NovelAI")
    assert [one.examination.outcome for one in (first, second, third, fourth)] == [
        Outcome.OK, Outcome.OK, Outcome.NOT_MEDIA, Outcome.NOT_MEDIA,
    ]  # fmt: skip
    stranger = next(iter(looked_at(pool, [(0, signed)], trust=Trust.shipped()))).origin
    assert stranger is not None
    assert stranger.credentials.state is CredentialState.VALID


def test_a_mark_is_read_outside_from_what_the_worker_gives_exactly_as_from_the_pixels(pool: WorkerPool) -> None:
    for size in ((800, 600), (1600, 900)):
        marked = embedded(pictures.scene(3, *size), 0x1234, PATTERN)
        data = origins.encoded(marked, quality=70)
        (looked,) = look(pool, data)
        assert looked.plane is not None
        grey = np.repeat(looked.plane[..., None], 3, axis=2)
        with Image.open(origins.stream(data)) as image:
            direct = read(np.asarray(image.convert("RGB")), PATTERN)
        found = read_any(grey, [PATTERN])
        assert found is not None
        assert direct is not None
        assert found.record == direct.record == 0x1234
        assert found.strength == pytest.approx(direct.strength, rel=1e-3)


def test_what_a_file_says_is_told_even_where_its_pixels_cannot_be_decoded(pool: WorkerPool) -> None:
    labelled = origins.png({"parameters": origins.WEBUI})
    cut, large = labelled[:-4000], origins.large({"parameters": origins.WEBUI})
    for looked, outcome in zip(look(pool, cut, large), (Outcome.UNREADABLE, Outcome.TOO_LARGE), strict=True):
        assert looked.examination.outcome is outcome
        assert looked.origin is not None
        assert looked.origin.declaration is Declaration.AI_MADE


def _samples() -> list[bytes]:
    """Every block in every format: behind the walls nothing can be loaded any more that was not loaded before."""
    label = {"Iptc4xmpExt:DigitalSourceType": origins.TRAINED, "photoshop:Credit": "Made with Google AI &#x41;"}
    wide = origins.xmp(label).decode()
    made = [
        origins.png({"parameters": origins.WEBUI}, packed=True, international=True),
        origins.png({"prompt": origins.COMFY_PROMPT, "workflow": origins.COMFY_GRAPH}),
        origins.png(origins.NOVEL, packed=True),
        origins.png({"Raw profile type exif": "\nexif\n 100\n" + origins.exif({}, origins.WEBUI).hex()}),
        origins.credit("Made with Google AI"),
        origins.picture(xmp=("\ufeff" + wide).encode("utf-16-be")),
        origins.picture(xmp=("\ufeff" + wide).encode("utf-16-le")),
        origins.picture(xmp=b"<!DOCTYPE x>" + origins.xmp(label)),
        origins.picture(exif=origins.exif({0x9C9C: "two boats".encode("utf-16-le"), 0x010F: "Canon", 0x0110: "R5"})),
        origins.chunked(b"zTXt", b"parameters\0\0" + b"junk"),
        origins.hidden(json.dumps(origins.NOVEL)),
        HEIC["turned"],
    ]
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        made.append(origins.picture(kind=kind, exif=origins.exif({}, origins.WEBUI)))
        made.append(origins.labelled(label, kind, elements=True) if kind != "AVIF" else origins.picture(kind=kind))
        made.append(origins.authority().sign(origins.picture(kind=kind), f"image/{kind.lower()}"))
    return made


def test_behind_the_walls_every_block_is_read_as_outside(pool: WorkerPool) -> None:
    samples = _samples()
    for looked, data in zip(look(pool, *samples), samples, strict=True):
        more = hidden_in(data, limits=Limits())
        assert looked.examination.outcome is Outcome.OK, looked.examination.error
        assert looked.origin == read_origin(data, trust=TRUST, more=more)
    with WorkerPool(task=examining.TASK) as checks:
        for data in samples:
            found = checks.examine(data)
            assert found.outcome is Outcome.OK, found.error
            assert found.beside == packed(read_origin(data, trust=Trust.shipped()))


def test_moving_pictures_and_pictures_in_inks_are_read_as_others_are(pool: WorkerPool) -> None:
    frames = [Image.fromarray(pictures.scene(seed, 240, 180)) for seed in (1, 2)]
    files = []
    for kind in ("PNG", "WEBP", "GIF"):
        made = origins.stream(b"")
        frames[0].save(made, kind, save_all=True, append_images=frames[1:], duration=100)
        files.append(made.getvalue())
    made = origins.stream(b"")
    frames[0].convert("CMYK").save(made, "JPEG", exif=origins.exif({}, origins.WEBUI))
    files.append(made.getvalue())
    told = look(pool, *files)
    assert [one.examination.outcome for one in told] == [Outcome.OK] * 4
    assert [one.origin and one.origin.declaration for one in told] == [Declaration.NONE] * 3 + [Declaration.AI_MADE]
    assert all(one.plane is not None for one in told)


def test_typed_text_is_read_also_while_files_are_looked_at(pool: WorkerPool) -> None:
    data = origins.hidden(origins.WEBUI)
    for looked in looked_at(pool, [(0, data), (1, data)], trust=TRUST):
        assert looked.origin is not None
        assert looked.origin.has_prompt
        assert prompts_in(pool, data) == (("parameters", origins.WEBUI),)
    assert prompts_in(pool, origins.picture()) == ()


def test_a_file_over_the_limit_has_no_prompts_and_no_origin() -> None:
    with origin_pool(limits=Limits(file_bytes=1000)) as small:
        (looked,) = look(small, origins.picture())
        assert (looked.examination.outcome, looked.origin) == (Outcome.TOO_LARGE, None)
        with pytest.raises(UnreadableImageError):
            prompts_in(small, origins.picture())
        assert read_prompts(small, memoryview(origins.picture())).outcome is Outcome.UNREADABLE


def test_manifests_that_are_huge_deep_or_many_end_in_an_answer(pool: WorkerPool) -> None:
    who, picture = origins.authority(), origins.picture()
    deep: object = "x"
    for _ in range(60):
        deep = [deep]
    large = origins.created(origins.TRAINED, more=({"label": "org.example.large", "data": {"x": "y" * 900_000}},))
    nested = origins.created(origins.TRAINED, more=({"label": "org.example.deep", "data": {"x": deep}},))
    several = [({"title": str(one), "relationship": "inputTo"}, "image/jpeg", picture) for one in range(80)]
    files = [
        who.sign(picture, manifest=large),
        who.sign(picture, manifest=nested),
        who.sign(picture, ingredients=several),
    ]
    for looked in look(pool, *files):
        assert looked.origin is not None
        assert looked.origin.credentials.state is CredentialState.TRUSTED
        assert looked.origin.declaration is Declaration.AI_MADE


def test_manifests_that_are_nonsense_are_told_as_unreadable(pool: WorkerPool) -> None:
    plain = origins.picture()
    rng = np.random.default_rng(1)
    for _ in range(20):
        body = b"JP\0\1\0\0\0\1" + struct.pack(">I", 5000) + b"jumb" + b"\0\0\1\0jumdc2pa" + rng.bytes(500)
        data = plain[:2] + b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body + plain[2:]
        (looked,) = look(pool, data)
        assert looked.origin is not None
        assert looked.origin.credentials.state in (None, CredentialState.INVALID)
        assert Unread.CREDENTIALS in looked.origin.unreadable


def test_no_flipped_bit_changes_what_trusted_credentials_say(pool: WorkerPool) -> None:
    """Some bits of a manifest are covered by nothing: padding, and names that are not used. None of them matters."""
    signed = origins.authority().sign(origins.picture())
    start = signed.index(b"\xff\xeb")
    rng = np.random.default_rng(2)
    files = [signed]
    for at in rng.integers(start, start + 2000, 60):
        spoiled = bytearray(signed)
        spoiled[at] ^= 1 << rng.integers(0, 8)
        files.append(bytes(spoiled))
    whole, *others = (looked.origin for looked in look(pool, *files))
    assert whole is not None
    states = [one.credentials.state for one in others if one is not None]
    assert states.count(CredentialState.INVALID) > 40
    assert CredentialState.VALID not in states
    trusted = [one for one in others if one is not None and one.credentials.state is CredentialState.TRUSTED]
    assert trusted
    assert all(one == whole for one in trusted)


def test_an_answer_that_is_nonsense_is_an_outcome(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def nonsense(answer: bytes) -> None:
        raise FrameError

    monkeypatch.setattr("rempart.provenance.origin.working._read", nonsense)
    (looked,) = look(pool, origins.picture())
    assert (looked.examination.outcome, looked.origin) == (Outcome.UNREADABLE, None)


def test_no_descriptor_is_left(pool: WorkerPool) -> None:
    before = len(os.listdir("/proc/self/fd"))
    look(pool, *(origins.picture(seed) for seed in range(5)))
    for _ in looked_at(pool, enumerate([origins.picture()] * 5), trust=TRUST):
        break
    look(pool, origins.picture())
    assert len(os.listdir("/proc/self/fd")) <= before
