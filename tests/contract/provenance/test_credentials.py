"""Credentials in their three states, every failure told, and nothing fetched; a second verifier agrees."""

from __future__ import annotations

import io
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import encypher_c2pa
import pytest
from c2pa import C2paError, Context, Reader

import origins
from rempart.provenance.origin import Declaration, Origin, Trust, read_origin
from rempart.provenance.origin.credentials import settings
from rempart.provenance.origin.trust import Roots
from rempart.provenance.origin.values import CredentialState, SoftBinding, Unread
from rempart.signals.mediatype import sniff

TODAY = datetime.now(UTC).date()
TRUSTED, VALID, INVALID = CredentialState.TRUSTED, CredentialState.VALID, CredentialState.INVALID
KINDS = {kind: f"image/{kind.lower()}" for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF")}


def known(*who: origins.Authority) -> Trust:
    return Trust.of_pem("".join(one.root for one in who).encode(), dated=TODAY)


def read(data: bytes, trust: Trust | None = None) -> Origin:
    found = read_origin(data, trust=known(origins.authority()) if trust is None else trust)
    assert Origin.from_wire(json.loads(json.dumps(found.wire()))) == found
    return found


@pytest.fixture(scope="module")
def signed() -> bytes:
    return origins.authority().sign(origins.picture())


@pytest.mark.parametrize("kind", KINDS)
def test_a_signer_is_trusted_only_where_its_root_is(kind: str) -> None:
    data = origins.authority().sign(origins.picture(kind=kind), KINDS[kind])
    found = read(data)
    assert (found.declaration, found.generator) == (Declaration.AI_MADE, "Test generator 1.0")
    assert (found.credentials.state, found.credentials.failures) == (TRUSTED, ())
    assert (found.credentials.signer, found.credentials.signed_at) == ("Test signer", None)
    for other in (Trust.shipped(), known(origins.authority(name="Other"))):
        stranger = read(data, other)
        assert stranger.declaration is Declaration.AI_MADE
        assert (stranger.credentials.state, stranger.credentials.failures) == (VALID, ("signingCredential.untrusted",))


@pytest.mark.parametrize("purpose", ["document", "c2pa"])
def test_certificates_for_documents_and_for_c2pa_are_read_as_trusted(purpose: str) -> None:
    who = origins.authority(purpose=purpose)
    assert read(who.sign(origins.picture()), known(who)).credentials.state is TRUSTED


def test_what_a_manifest_says_of_marks_and_of_the_gate_is_told() -> None:
    more = (
        {"label": "c2pa.soft-binding", "data": {"alg": "org.example.mark", "blocks": [{"scope": {}, "value": "00ff"}]}},
        {"label": "org.rempart.gate", "data": {"references": 2, "lists": "0123"}},
    )
    data = origins.authority().sign(origins.picture(), manifest=origins.created(origins.TRAINED, more=more))
    found = read(data).credentials
    assert found.soft_bindings == (SoftBinding(algorithm="org.example.mark", value="00ff"),)
    assert dict(found.gate) == {"references": "2", "lists": "0123"}
    assert found.manifests[0].startswith("urn:c2pa:")


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_tampering_makes_credentials_invalid_and_their_word_no_longer_counts(signed: bytes) -> None:
    altered = {
        "assertion.dataHash.mismatch": (_flipped(signed, len(signed) - 400), signed + b"more"),
        "assertion.hashedURI.mismatch": (signed.replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicMediA", 1),),
    }
    for code, several in altered.items():
        for data in several:
            found = read(data)
            assert found.credentials.state is INVALID
            assert code in found.credentials.failures
            assert found.declaration is Declaration.NONE
            assert not any(one.counts for one in found.grounds)


def test_a_manifest_grafted_on_another_picture_is_invalid(signed: bytes) -> None:
    start = signed.index(b"\xff\xeb")
    length = struct.unpack(">H", signed[start + 2 : start + 4])[0]
    other = origins.picture(2)
    found = read(other[:2] + signed[start : start + 2 + length] + other[2:])
    assert found.credentials.state is INVALID
    assert "assertion.dataHash.mismatch" in found.credentials.failures
    assert found.declaration is Declaration.NONE
    assert found.source_types == (origins.TRAINED,)


def test_a_certificate_that_ended_makes_credentials_invalid_and_what_they_say_still_stands() -> None:
    ends = datetime.now(UTC) + timedelta(seconds=1.5)
    who = origins.authority(until=ends)
    data = who.sign(origins.picture())
    assert read(data, known(who)).credentials.state is TRUSTED
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds() + 1))
    found = read(data, known(who))
    assert found.credentials.state is INVALID
    assert "signingCredential.expired" in found.credentials.failures
    assert found.declaration is Declaration.AI_MADE


def _edited(parent: bytes, *, by: origins.Authority, source_type: str = origins.EDITED) -> bytes:
    manifest = {
        "claim_generator_info": [{"name": "Test editor", "version": "2"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [
            {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}},
            {"action": "c2pa.edited", "digitalSourceType": source_type},
        ]}}],
    }  # fmt: skip
    about = {"title": "parent", "relationship": "parentOf", "label": "parent"}
    return by.sign(origins.picture(3), manifest=manifest, ingredients=[(about, "image/jpeg", parent)])


def test_what_a_parent_says_is_told_with_what_was_done_to_it() -> None:
    who = origins.authority()
    camera = who.sign(origins.picture(), manifest=origins.created(origins.CAMERA))
    assert read(camera).declaration is Declaration.CAMERA
    found = read(_edited(camera, by=who))
    assert (found.credentials.state, found.declaration) == (TRUSTED, Declaration.AI_EDITED)
    assert found.source_types == (origins.EDITED, origins.CAMERA)
    assert len(found.credentials.manifests) == 2
    made = read(_edited(who.sign(origins.picture()), by=who))
    assert made.declaration is Declaration.AI_MADE


SERVICES = {
    "OpenAI": ("ChatGPT", {"name": "GPT-4o"}, "GPT-4o"),
    "Firefly": ("Adobe_Firefly", "Adobe Firefly", "Adobe Firefly"),
    "Copilot": ("Microsoft_Responsible_AI", {"name": "Bing Image Creator", "version": "1"}, "Bing Image Creator"),
    "Google": ("Google C2PA Core Generator Library", None, "Google C2PA Core Generator Library 1.0"),
}


@pytest.mark.parametrize("service", SERVICES)
def test_services_that_sign_what_they_make_are_named_by_what_made_it(service: str) -> None:
    program, agent, named = SERVICES[service]
    manifest = origins.created(origins.TRAINED, program=program)
    if agent is not None:
        manifest["assertions"][0]["data"]["actions"][0]["softwareAgent"] = agent
    found = read(origins.authority().sign(origins.picture(), manifest=manifest))
    assert (found.declaration, found.generator) == (Declaration.AI_MADE, named)
    assert found.credentials.state is TRUSTED


def test_an_editor_that_is_no_generator_is_not_called_one() -> None:
    who = origins.authority()
    edited = _edited(who.sign(origins.picture()), by=who, source_type=origins.IPTC + "humanEdits")
    found = read(edited)
    assert (found.declaration, found.generator) == (Declaration.AI_MADE, "Test generator 1.0")
    assert found.credentials.claim_generator == "Test editor 2"


def test_a_parent_that_was_altered_is_told_though_the_active_manifest_holds() -> None:
    who = origins.authority()
    data = _edited(who.sign(origins.picture()), by=who)
    spoiled = data.replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicMediA", 1)
    assert spoiled != data
    found = read(spoiled).credentials
    assert found.state is INVALID
    assert any(one.startswith("ingredient: ") for one in found.failures)


def test_a_parent_that_was_broken_when_it_was_taken_in_is_told() -> None:
    who = origins.authority()
    found = read(_edited(who.sign(origins.picture()) + b"more", by=who)).credentials
    assert "ingredient: assertion.dataHash.mismatch" in found.failures


def test_nested_manifests_are_followed_to_a_depth() -> None:
    who, data = origins.authority(), origins.picture()
    for _ in range(8):
        data = _edited(data, by=who)
    found = read(data)
    assert found.credentials.state is TRUSTED
    assert found.declaration is Declaration.AI_EDITED
    assert len(found.credentials.manifests) == 8


def test_signed_and_unsigned_words_may_contradict_each_other() -> None:
    data = origins.picture(xmp=origins.xmp({"Iptc4xmpExt:DigitalSourceType": origins.CAMERA}))
    found = read(origins.authority().sign(data))
    assert found.credentials.state is TRUSTED
    assert found.declaration is Declaration.CONFLICTING


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def _was_asked(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("embed", [False, True])
def test_a_manifest_that_lies_elsewhere_is_never_fetched(listener: socket.socket, embed: bool) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/manifest"
    data = origins.authority().sign(origins.picture(), remote=url, embed=embed)
    assert url.encode() in data
    found = read(data)
    assert not _was_asked(listener)
    if embed:
        assert (found.credentials.state, found.unreadable) == (TRUSTED, ())
    else:
        assert not found.credentials.present
        assert Unread.CREDENTIALS in found.unreadable


def test_the_settings_themselves_keep_the_reader_from_fetching(listener: socket.socket) -> None:
    """The library takes any settings, known to it or not: so their effect is shown, beside that of none."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/manifest"
    data = origins.authority().sign(origins.picture(), remote=url, embed=False)
    assert not _reads_remotely(data, settings(Roots()), listener)
    assert _reads_remotely(data, {}, listener)


def _reads_remotely(data: bytes, told: dict[str, object], listener: socket.socket) -> bool:
    seen: list[bool] = []
    watching = threading.Thread(target=lambda: seen.append(_was_asked(listener)))
    watching.start()
    with Context.from_dict(told) as context:
        with suppress(C2paError):
            Reader("image/jpeg", io.BytesIO(data), context=context).close()
    watching.join()
    return seen[0]


SEEN_BY_BOTH = {
    "whole": lambda signed: signed,
    "tampered": lambda signed: _flipped(signed, len(signed) - 400),
    "stranger": lambda signed: signed,
    "plain": lambda signed: origins.picture(),
    "png": lambda signed: origins.authority().sign(origins.picture(kind="PNG"), "image/png"),
    "webp": lambda signed: origins.authority().sign(origins.picture(kind="WEBP"), "image/webp"),
    "edited": lambda signed: _edited(signed, by=origins.authority()),
    "edited, its parent altered": lambda signed: _edited(signed, by=origins.authority()).replace(
        b"trainedAlgorithmicMedia", b"trainedAlgorithmicMediA", 1
    ),
}


@pytest.mark.parametrize("case", SEEN_BY_BOTH)
def test_a_second_verifier_agrees(signed: bytes, case: str) -> None:
    data = SEEN_BY_BOTH[case](signed)
    trust = Trust.shipped() if case == "stranger" else known(origins.authority())
    ours, kind = read(data, trust).credentials, sniff(data)
    theirs = encypher_c2pa.verify(
        data, kind, trust_pem=trust.pem or None, no_default_trust=True, telemetry=False, online=False
    )
    assert ours.present is theirs["present"]
    if ours.present:
        whole, theirs_trust = theirs["integrity"] == "valid", theirs["trust"]["status"]
        assert (ours.state is not INVALID) is whole
        assert (ours.state is TRUSTED) is (whole and theirs_trust == "valid_for_supplied_material")
