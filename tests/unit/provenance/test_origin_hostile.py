"""Bytes made to hurt whoever reads them: each ends in an answer, in bounded time, and is told as unreadable."""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import origins
from rempart.provenance.origin import Declaration, Origin, Trust, prompts_of, read_origin
from rempart.provenance.origin.credentials import _told
from rempart.provenance.origin.hidden import hidden_in
from rempart.provenance.origin.packet import read_xmp
from rempart.provenance.origin.texts import MOST_UNPACKED
from rempart.provenance.origin.values import MOST_ROWS, MOST_TEXT, Credentials, Unread
from rempart.signals.frames import FrameError
from rempart.signals.outcome import Limits

NOBODY = Trust.shipped()


def read(data: bytes) -> Origin:
    begun = time.process_time()
    found = read_origin(data, trust=NOBODY)
    assert time.process_time() - begun < 2
    assert Origin.from_wire(found.wire()) == found
    prompts_of(data)
    return found


def gigabytes() -> bytes:
    """Two gigabytes of zeros, packed: one packed megabyte again and again."""
    pack, megabyte = zlib.compressobj(9), bytes(1 << 20)
    first, again = (pack.compress(megabyte) + pack.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * 2047 + pack.flush()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return gigabytes()


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_texts_that_unpack_to_gigabytes_are_not_unpacked(bomb: bytes, kind: bytes) -> None:
    head = b"parameters\0\0" if kind == b"zTXt" else b"parameters\0\1\0\0\0"
    found = read(origins.chunked(kind, head + bomb))
    assert found.unreadable == (Unread.TEXT,)
    assert found.declaration is Declaration.NONE


def test_a_bomb_in_transparency_is_not_unpacked(bomb: bytes) -> None:
    body = zlib.compress(bytes(8 << 20), 9)
    data = origins.hidden_bytes(b"stealth_pngcomp" + struct.pack(">I", len(body) * 8) + body)
    assert hidden_in(data, limits=Limits()).unreadable == (Unread.PIXELS,)
    endless = origins.hidden_bytes(b"stealth_pngcomp" + b"\xff\xff\xff\xff" + b"x" * 100)
    assert hidden_in(endless, limits=Limits()).unreadable == (Unread.PIXELS,)


def test_all_texts_of_a_file_share_one_bound() -> None:
    packed = zlib.compress(b"x" * (3 << 20))
    one = origins.chunk(b"zTXt", b"Comment\0\0" + packed)
    plain = origins.picture(kind="PNG")
    found = read(plain[:33] + one * 60 + plain[33:])
    assert found.unreadable == (Unread.TEXT,)


def test_a_text_behind_so_many_that_it_is_not_read_any_more_is_told() -> None:
    packed = zlib.compress(b"x" * (MOST_UNPACKED - 1))
    before, after = (
        origins.chunk(b"zTXt", b"a\0\0" + packed),
        origins.chunk(b"tEXt", b"parameters\0Steps: 20, Sampler: x"),
    )
    plain = origins.picture(kind="PNG")
    found = read(plain[:33] + before + after + plain[33:])
    assert (found.declaration, found.unreadable) == (Declaration.NONE, (Unread.TEXT,))


ENTITIES = b"""<?xpacket?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><Iptc4xmpExt:DigitalSourceType>&c;&b;</Iptc4xmpExt:DigitalSourceType></x:xmpmeta>"""


def test_xmp_that_declares_entities_is_not_read() -> None:
    assert read_xmp(ENTITIES).unreadable == (Unread.XMP,)
    found = read(origins.picture(xmp=ENTITIES))
    assert (found.source_types, found.unreadable) == ((), (Unread.XMP,))


def test_entities_that_nobody_declared_stay_as_they_are() -> None:
    said = read_xmp(origins.xmp({"photoshop:Credit": "&passwd; &amp; &#65; &#x110000; &#55296;"}))
    assert dict(said.fields)["Credit"].startswith("&passwd; & A")


SLOW = {
    "comments that do not end": b"<!--" * 200_000,
    "instructions that do not end": b"<?" * 400_000,
    "tags that do not end": b"<a b='" * 160_000,
    "quotes": b"<a \"<a '" * 120_000,
    "a name without end": b"<x:" + b"a" * 900_000 + b">",
    "attributes without end": b"<x:y " + b"a" * 900_000 + b">",
    "spaces": b"<x:y a" + b" " * 900_000 + b">",
    "tags": b"<a:b>" * 180_000,
    "lists in lists": b"<rdf:li>" * 110_000,
    "verbatim": b"<![CDATA[" * 100_000,
}


@pytest.mark.parametrize("case", SLOW)
def test_packets_made_to_take_long_do_not(case: str) -> None:
    read(origins.picture(kind="WEBP", xmp=SLOW[case]))


def test_texts_made_to_take_long_do_not() -> None:
    for text in (
        "Version: " * 400_000,
        "Steps: 1" * 400_000,
        '"class_type" ' * 300_000,
        "Job ID: 0123" * 300_000,
        "[" * 3_000_000,
    ):
        read(origins.png({"parameters": text, "prompt": text}, packed=True))


def segments(kind: int, body: bytes, count: int) -> bytes:
    plain = origins.picture()
    one = bytes([0xFF, kind]) + struct.pack(">H", len(body) + 2) + body
    return plain[:2] + one * count + plain[2:]


def ifd(entries: list[tuple[int, int, int, int]], after: int = 0) -> bytes:
    rows = b"".join(struct.pack("<HHII", *one) for one in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + struct.pack("<I", after)


BROKEN: dict[str, Callable[[], bytes]] = {
    "a segment past the end": lambda: origins.picture()[:2] + b"\xff\xe1\xff\xff" + b"Exif\0\0",
    "many segments": lambda: segments(0xE1, b"Exif\0\0", 70_000),
    "exif that leads to itself": lambda: segments(0xE1, b"Exif\0\0" + ifd([(0x8769, 4, 1, 8)]), 1),
    "exif of two gigabytes": lambda: segments(0xE1, b"Exif\0\0" + ifd([(0x9286, 7, 0x7FFFFFFF, 8)]), 1),
    "exif without an order": lambda: segments(0xE1, b"Exif\0\0" + b"XX*\0", 1),
    "iptc past the end": lambda: segments(0xED, b"Photoshop 3.0\08BIM\x04\x04\0\0\xff\xff\xff\xff", 1),
    "a chunk of four gigabytes": lambda: origins.picture(kind="PNG")[:33] + b"\xff\xff\xff\xfftEXt",
    "many chunks": lambda: origins.picture(kind="PNG")[:33] + origins.chunk(b"junk", b"") * 70_000,
    "webp past the end": lambda: b"RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff",
    "heic past the end": lambda: b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\xff\xff\xff\xffmeta",
    "tiff past the end": lambda: b"II*\0\xff\xff\xff\x7f",
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_structure_is_told_and_never_raised(case: str) -> None:
    found = read(BROKEN[case]())
    if case != "exif that leads to itself":
        assert found.unreadable


def often_in_a_directory() -> bytes:
    """A TIFF file that names the same packet sixty thousand times."""
    return ifd([(700, 1, 900_000, 0)] * 60_000) + bytes(900_000)


def often_in_boxes() -> bytes:
    """A HEIC file with four thousand packets, all in one place."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, kind) + body

    numbers = range(1, 4001)
    told = (b"\2\0\0\0" + struct.pack(">HH", one, 0) + b"mime\0application/rdf+xml\0" for one in numbers)
    kinds = bytes(4) + struct.pack(">H", 4000) + b"".join(box(b"infe", one) for one in told)
    places = b"".join(struct.pack(">HHHII", one, 0, 1, 0, 900_000) for one in numbers)
    where = bytes(4) + b"\x44\0" + struct.pack(">H", 4000) + places
    meta = box(b"meta", bytes(4) + box(b"iinf", kinds) + box(b"iloc", where))
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta + box(b"mdat", bytes(900_000))


def test_what_is_named_again_and_again_is_read_once() -> None:
    read(often_in_a_directory())
    assert Unread.STRUCTURE in read(often_in_boxes()).unreadable


def store(count: int, *, codes: int = 0) -> dict[str, object]:
    """What the library tells of manifests that each have the next one ten times, and the last one the first."""
    action = {"action": "c2pa.created", "digitalSourceType": origins.TRAINED}
    then = {"activeManifest": {"failure": [{"code": "x" * codes}] if codes else []}}
    manifests = {
        f"m{number}": {
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
            "ingredients": [
                {"relationship": kind, "active_manifest": f"m{(number + 1) % count}", "validation_results": then}
                for kind in ("parentOf", "componentOf") * 5
            ],
        }
        for number in range(count)
    }
    return {"manifests": manifests, "active_manifest": "m0"}


def test_manifests_that_name_each_other_again_and_again_are_read_once_each() -> None:
    begun = time.process_time()
    credentials, said = _told("Valid", store(14))
    assert time.process_time() - begun < 2
    assert len(credentials.manifests) == 14
    assert [one.says for one in said.grounds] == [Declaration.AI_MADE, Declaration.AI_EDITED]


def test_a_code_of_a_strangers_own_length_is_told_in_short() -> None:
    credentials, _ = _told("Valid", store(1, codes=MOST_TEXT))
    assert Credentials.from_wire(credentials.wire()) == credentials


CUT = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF")


@pytest.mark.parametrize("kind", CUT)
def test_files_cut_anywhere_are_read_as_far_as_they_go(kind: str) -> None:
    more = {} if kind in ("GIF", "TIFF") else {"exif": origins.exif({0x010F: "Canon"}, origins.WEBUI)}
    data = origins.picture(kind=kind, **more)
    for end in sorted({*range(0, min(len(data), 2000), 7), len(data) - 1}):
        read(data[:end])


WHOLE = {
    kind: origins.picture(
        kind=kind, **({} if kind == "TIFF" else {"exif": origins.exif({0x010F: "Canon"}, origins.WEBUI)})
    )
    for kind in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8))
def test_files_damaged_anywhere_are_read(kind: str, damage: list[tuple[float, int]]) -> None:
    data = bytearray(WHOLE[kind])
    for where, value in damage:
        data[int(where * (min(len(data), 1500) - 1))] = value
    read(bytes(data))


def wires() -> Iterator[dict[str, object]]:
    good = Origin().wire()
    yield {**good, "declaration": "real"}
    yield {**good, "declaration": None}
    yield {**good, "has_prompt": "no"}
    yield {**good, "source_types": ["x" * 301]}
    yield {**good, "source_types": ["a\nb"]}
    yield {**good, "fields": [["a", "b"]] * (MOST_ROWS + 1)}
    yield {**good, "fields": [["a"]]}
    yield {**good, "grounds": [["xmp", "ai_made", "x", 1]]}
    yield {**good, "unreadable": ["everything"]}
    yield {**good, "credentials": {**Credentials().wire(), "state": "trusted"}}
    yield {**good, "credentials": {**Credentials().wire(), "present": True}}
    yield {**good, "credentials": {**Credentials().wire(), "signed_at": "2026-01-01T00:00:00"}}
    yield {**good, "credentials": None}
    yield {name: value for name, value in good.items() if name != "grounds"}


def test_an_answer_of_a_worker_that_was_taken_over_is_not_believed() -> None:
    for wire in wires():
        with pytest.raises(FrameError):
            Origin.from_wire(wire)


def test_nothing_is_opened_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a packet names stays a name: no file, no address."""
    opened: list[object] = []
    monkeypatch.setattr("builtins.open", lambda *given, **more: opened.append(given))
    monkeypatch.setattr(os, "open", lambda *given, **more: opened.append(given))
    read(
        origins.picture(
            xmp=origins.xmp({"dcterms:provenance": "http://127.0.0.1:1/x", "photoshop:Credit": "file:///x"})
        )
    )
    assert opened == []
