"""What each writer leaves in a picture is told, and what nobody left is not."""

from __future__ import annotations

import io
import json
import struct

import pytest
from PIL import Image
from sd_parsers import Eagerness, ParserManager

import origins
import pictures
from heicfiles import HEIC
from rempart.provenance.origin import Declaration, Origin, Trust, prompts_of, read_origin
from rempart.provenance.origin.blocks import blocks_of
from rempart.provenance.origin.hidden import hidden_in
from rempart.provenance.origin.sourcetypes import meant
from rempart.provenance.origin.values import Place, Unread
from rempart.signals.outcome import Limits

MADE, CAMERA, NONE = Declaration.AI_MADE, Declaration.CAMERA, Declaration.NONE
MAKE, MODEL, SOFTWARE = 0x010F, 0x0110, 0x0131
CANON = {MAKE: "Canon", MODEL: "Canon EOS R5"}


def read(data: bytes) -> Origin:
    found = read_origin(data, trust=Trust.shipped())
    assert Origin.from_wire(json.loads(json.dumps(found.wire()))) == found
    return found


WRITERS = {
    "webui-png": ("A1111/Forge", lambda: origins.png({"parameters": origins.WEBUI})),
    "webui-png-packed": ("A1111/Forge", lambda: origins.png({"parameters": origins.WEBUI}, packed=True)),
    "webui-png-itxt": (
        "A1111/Forge", lambda: origins.png({"parameters": origins.WEBUI}, packed=True, international=True),
    ),
    "webui-jpeg": ("A1111/Forge", lambda: origins.picture(exif=origins.exif({}, origins.WEBUI))),
    "webui-webp": ("A1111/Forge", lambda: origins.picture(kind="WEBP", exif=origins.exif({}, origins.WEBUI))),
    "webui-avif": ("A1111/Forge", lambda: origins.picture(kind="AVIF", exif=origins.exif({}, origins.WEBUI))),
    "webui-tiff": ("A1111/Forge", lambda: tiff(origins.WEBUI)),
    "forge-png": ("Forge", lambda: origins.png({"parameters": origins.WEBUI + ", Version: f2.0.1v1.10.1"})),
    "fooocus-png": (
        "Fooocus", lambda: origins.png({"parameters": json.dumps(origins.FOOOCUS), "fooocus_scheme": "fooocus"}),
    ),
    "fooocus-text": ("Fooocus", lambda: origins.png({"parameters": origins.WEBUI + ", Version: Fooocus v2.5.5"})),
    "fooocus-jpeg": ("Fooocus", lambda: origins.picture(exif=origins.exif({}, json.dumps(origins.FOOOCUS)))),
    "comfy-png": (
        "ComfyUI", lambda: origins.png({"prompt": origins.COMFY_PROMPT, "workflow": origins.COMFY_GRAPH}),
    ),
    "comfy-prompt-alone": ("ComfyUI", lambda: origins.png({"prompt": origins.COMFY_PROMPT})),
    "comfy-webp": (
        "ComfyUI",
        lambda: origins.picture(kind="WEBP", exif=origins.exif({MODEL: "prompt:" + origins.COMFY_PROMPT})),
    ),
    "invoke-metadata": ("InvokeAI", lambda: origins.png({"invokeai_metadata": json.dumps(origins.INVOKE)})),
    "invoke-sd": ("InvokeAI", lambda: origins.png({"sd-metadata": json.dumps(origins.INVOKE_SD)})),
    "invoke-dream": ("InvokeAI", lambda: origins.png({"Dream": f'"{origins.TYPED}" -s 50 -S 42 -A k_lms'})),
    "novel-png": ("NovelAI", lambda: origins.png(origins.NOVEL)),
    "midjourney-png": ("Midjourney", lambda: origins.png({"Description": origins.JOB, "Author": "harbour"})),
    "ideogram": ("Ideogram", lambda: origins.picture(exif=origins.exif({MAKE: "Ideogram AI"}))),
    "google": ("Google AI", lambda: origins.labelled({"photoshop:Credit": "Made with Google AI"})),
    "google-iptc": ("Google AI", lambda: origins.credit("Made with Google AI")),
    "system-used": ("Harbour Painter", lambda: origins.labelled({"Iptc4xmpExt:AISystemUsed": "Harbour Painter"})),
    "firefly-software": ("Adobe Firefly", lambda: origins.picture(exif=origins.exif({SOFTWARE: "Adobe Firefly 3"}))),
}  # fmt: skip


def tiff(comment: str) -> bytes:
    stream = io.BytesIO()
    block = Image.Exif()
    block.load(origins.exif({}, comment))
    Image.fromarray(pictures.scene(1, 96, 64)).save(stream, "TIFF", exif=block)
    return stream.getvalue()


@pytest.mark.parametrize("case", WRITERS)
def test_each_writer_is_told_by_its_traces(case: str) -> None:
    name, made = WRITERS[case]
    found = read(made())
    assert (found.declaration, found.generator) == (MADE, name)
    assert found.unreadable == ()
    assert not found.credentials.present


TYPES = {
    "midjourney, meta": ({"Iptc4xmpExt:DigitalSourceType": origins.TRAINED}, MADE),
    "edited": ({"Iptc4xmpExt:DigitalSourceType": origins.EDITED}, Declaration.AI_EDITED),
    "edited, and with what": (
        {"Iptc4xmpExt:DigitalSourceType": origins.EDITED, "Iptc4xmpExt:AISystemUsed": "Painter"}, Declaration.AI_EDITED,
    ),
    "edited by google": (
        {"Iptc4xmpExt:DigitalSourceType": origins.EDITED, "photoshop:Credit": "Edited with Google AI"},
        Declaration.AI_EDITED,
    ),
    "camera": ({"Iptc4xmpExt:DigitalSourceType": origins.CAMERA}, CAMERA),
    "drawn": ({"Iptc4xmpExt:DigitalSourceType": origins.IPTC + "digitalArt"}, NONE),
    "algorithm": ({"Iptc4xmpExt:DigitalSourceType": origins.IPTC + "algorithmicMedia"}, NONE),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("elements", [False, True])
@pytest.mark.parametrize("case", TYPES)
def test_source_types_are_read_and_the_uri_is_kept(case: str, elements: bool, kind: str) -> None:
    properties, declared = TYPES[case]
    found = read(origins.labelled(properties, kind, elements=elements))
    assert found.declaration is declared
    assert found.source_types == (properties["Iptc4xmpExt:DigitalSourceType"],)


def test_a_source_type_is_known_in_every_form_and_no_other_word_is() -> None:
    forms = (origins.TRAINED, origins.TRAINED.replace("http:", "https:"), origins.TRAINED + "/",
             "digsrctype:trainedAlgorithmicMedia", "trainedAlgorithmicMedia")  # fmt: skip
    assert {meant(form) for form in forms} == {MADE}
    others = ("http://elsewhere.example/trainedAlgorithmicMedia", "trainedAlgorithmicMedia x", "", "camera")
    assert {meant(other) for other in others} == {NONE}


def test_a_camera_is_declared_by_maker_and_model_and_by_nothing_less() -> None:
    found = read(origins.picture(exif=origins.exif(CANON)))
    assert (found.declaration, found.grounds[0].place) == (CAMERA, Place.EXIF)
    assert dict(found.fields) == {"Make": "Canon", "Model": "Canon EOS R5"}
    assert read(origins.picture(exif=origins.exif({MAKE: "Canon"}))).declaration is NONE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"])
def test_a_picture_that_says_nothing_declares_nothing(kind: str) -> None:
    assert read(origins.picture(kind=kind)) == Origin()


@pytest.mark.parametrize("text", ["A holiday in Steps: we walked", "prompt service", "Made with love", "Photoshop"])
def test_ordinary_texts_are_no_traces(text: str) -> None:
    found = read(origins.png({"Comment": text, "parameters": text, "Description": text, "prompt": text}))
    assert (found.declaration, found.has_prompt, found.generator) == (NONE, False, None)


def test_a_generator_and_a_camera_contradict_each_other() -> None:
    both = origins.picture(
        exif=origins.exif(CANON), xmp=origins.xmp({"Iptc4xmpExt:DigitalSourceType": origins.TRAINED})
    )
    assert read(both).declaration is Declaration.CONFLICTING
    edited = origins.picture(
        exif=origins.exif(CANON), xmp=origins.xmp({"Iptc4xmpExt:DigitalSourceType": origins.EDITED})
    )
    assert read(edited).declaration is Declaration.AI_EDITED


def test_two_source_types_in_one_packet_contradict_each_other() -> None:
    twice = origins.xmp({"Iptc4xmpExt:DigitalSourceType": origins.TRAINED}).replace(
        b"/></rdf:RDF>",
        f"><Iptc4xmpExt:DigitalSourceType>{origins.CAMERA}</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF>".encode(),
    )
    found = read(origins.picture(xmp=twice))
    assert found.declaration is Declaration.CONFLICTING
    assert found.source_types == (origins.TRAINED, origins.CAMERA)


def test_what_is_hidden_in_transparency_is_found_when_pixels_are_read() -> None:
    for text, name in ((json.dumps(origins.NOVEL), "NovelAI"), (origins.WEBUI, "A1111/Forge")):
        for packed in (True, False):
            data = origins.hidden(text, packed=packed)
            assert read(data) == Origin()
            found = read_origin(data, trust=Trust.shipped(), more=hidden_in(data, limits=Limits()))
            assert (found.declaration, found.generator, found.has_prompt) == (MADE, name, True)
            assert found.grounds[0].place is Place.PIXELS


def test_transparency_that_hides_nothing_says_nothing() -> None:
    assert hidden_in(origins.picture(kind="PNG"), limits=Limits()).grounds == ()
    stream = io.BytesIO()
    Image.fromarray(pictures.scene(2, 40, 30)).convert("RGBA").save(stream, "PNG")
    assert hidden_in(stream.getvalue(), limits=Limits()) == type(hidden_in(b"", limits=Limits()))()
    cut = origins.hidden(origins.WEBUI)
    assert hidden_in(cut, limits=Limits(pixels=100)).unreadable == (Unread.PIXELS,)


@pytest.mark.parametrize("case", WRITERS)
def test_typed_text_never_leaves_with_the_origin(case: str) -> None:
    data = WRITERS[case][1]()
    found = read(data)
    assert origins.TYPED not in json.dumps(found.wire())
    typed = [text for _, text in prompts_of(data)]
    assert found.has_prompt is bool(typed)
    if origins.TYPED.encode() in data or case.startswith(("webui", "comfy", "novel", "fooocus", "invoke", "forge")):
        assert any(origins.TYPED in text for text in typed)


def test_who_wrote_a_prompt_is_sealed_with_it() -> None:
    data = origins.labelled(
        {"Iptc4xmpExt:AIPromptInformation": origins.TYPED, "Iptc4xmpExt:AIPromptWriterName": "Ada Harbour"},
        elements=True,
    )
    found = read(data)
    assert found.has_prompt
    assert "Harbour" not in json.dumps(found.wire())
    assert prompts_of(data) == (("AIPromptInformation", origins.TYPED), ("AIPromptWriterName", "Ada Harbour"))


PEERS = {
    "webui-png": "AUTOMATIC1111", "webui-jpeg": "AUTOMATIC1111", "comfy-png": "COMFYUI", "invoke-metadata": "INVOKEAI",
    "invoke-sd": "INVOKEAI", "novel-png": "NOVELAI", "fooocus-png": "FOOOCUS",
}  # fmt: skip


@pytest.mark.parametrize("case", PEERS)
def test_the_samples_are_what_another_parser_knows(case: str) -> None:
    found = ParserManager().parse(io.BytesIO(WRITERS[case][1]()))
    assert found is not None
    assert found.generator.name == PEERS[case]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_we_hide_is_what_another_parser_finds() -> None:
    manager = ParserManager(eagerness=Eagerness.EAGER)
    for text, name in ((json.dumps(origins.NOVEL), "NOVELAI"), (origins.WEBUI, "AUTOMATIC1111")):
        found = manager.parse(io.BytesIO(origins.hidden(text)))
        assert found is not None
        assert found.generator.name == name


def test_a_packet_too_long_for_one_segment_is_put_together() -> None:
    """XMP part 3, 1.1.3.1: its pieces come in any order, each with its place."""
    packet = origins.xmp({"Iptc4xmpExt:DigitalSourceType": origins.TRAINED})
    plain, name = origins.picture(), b"0123456789ABCDEF0123456789ABCDEF"
    pieces = [(at, packet[at : at + 300]) for at in range(0, len(packet), 300)]
    segments = b""
    for at, piece in reversed(pieces):
        body = b"http://ns.adobe.com/xmp/extension/\0" + name + struct.pack(">II", len(packet), at) + piece
        segments += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    assert read(plain[:2] + segments + plain[2:]).declaration is MADE


def test_profiles_in_text_chunks_are_read_as_blocks() -> None:
    for kind, block in (
        ("exif", origins.exif({}, origins.WEBUI)),
        ("xmp", origins.xmp({"photoshop:Credit": "Made with Google AI"})),
    ):
        found = read(
            origins.png({f"Raw profile type {kind}": f"\n{kind}\n {len(block)}\n{block.hex()}\n"}, packed=True)
        )
        assert found.declaration is MADE


def test_blocks_are_found_wherever_a_format_puts_them() -> None:
    packet = origins.xmp({"Iptc4xmpExt:DigitalSourceType": origins.TRAINED})
    for kind in ("JPEG", "WEBP", "AVIF"):
        blocks = blocks_of(origins.picture(kind=kind, exif=origins.exif(CANON), xmp=packet))
        assert blocks.exif is not None
        assert [one[-20:] for one in blocks.xmp] == [packet[-20:]]
    turned = blocks_of(HEIC["turned"])
    assert (turned.media_type, turned.unreadable) == ("image/heic", [])
    assert turned.exif is not None
    late = blocks_of(origins.chunked(b"tEXt", b"parameters\0" + origins.WEBUI.encode(), at_end=True))
    assert [kind for kind, _ in late.texts] == [b"tEXt"]
