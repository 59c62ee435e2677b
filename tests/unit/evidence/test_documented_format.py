"""A second verifier, written from docs/ledger.md alone: it shares no line with Rempart's own, and they agree."""

import hashlib
import json
from base64 import b64decode, b64encode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledgers import Log


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(hashes):
    if not hashes:
        return sha()
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return sha(b"\x01", root(hashes[:middle]), root(hashes[middle:]))


def open_note(note, key):
    """Size and root of a checkpoint, once its signature was checked."""
    name, digest, public = key.split("+", 2)
    public = b64decode(public)
    assert public[:1] == b"\x01"
    assert sha(name.encode(), b"\n", public)[:4].hex() == digest
    text, below = note.split("\n\n")
    dash, signer, signature = below.removesuffix("\n").split(" ")
    assert (dash, signer, b64decode(signature)[:4].hex()) == ("—", name, digest)
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(b64decode(signature)[4:], f"{text}\n".encode())
    origin, size, top = text.split("\n")
    assert origin == name
    return int(size), b64decode(top)


def commitment(name, opening):
    kind, value = (b"b", b64decode(opening["bytes"])) if "bytes" in opening else (b"t", opening["value"].encode())
    salt = b64decode(opening["salt"])
    assert len(salt) == 16
    return b64encode(sha(b"rempart/commitment/v1\x00", salt, name.encode(), b"\x00", kind, value)).decode()


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def second_opinion(data, key):
    """The leaves of an export; AssertionError or InvalidSignature when anything is not as documented."""
    lines = data.split(b"\n")
    assert lines.pop() == b""
    told = [json.loads(line) for line in lines]
    assert [canonical(one) for one in told] == lines
    head, end, bodies = told[0], told[-1], []
    size, top = open_note(head["checkpoint"], key)
    assert head["format"] == "rempart-ledger-export/1"
    assert b64decode(end["digest"]) == sha(*[line + b"\n" for line in lines[:-1]])
    expected = [b""]
    for one in told[1:-1]:
        if "tile" in one:
            assert one["tile"] == len(bodies) / 256
            expected = [b64decode(one["hashes"])[start : start + 32] for start in range(0, 256 * 32, 32)]
            continue
        assert one["leaf"] == len(bodies)
        assert sha(b"\x00", canonical(one["body"])) == expected[len(bodies) % 256]
        assert ("opens" in one) == (head["form"] == "full")
        for name, opening in one.get("opens", {}).items():
            assert commitment(name, opening) == one["body"]["sealed"][name]
        bodies.append(one["body"])
    assert len(bodies) == size == end["end"]
    assert root([sha(b"\x00", canonical(body)) for body in bodies]) == top
    return bodies


@pytest.mark.parametrize("outsider", [True, False])
def test_a_verifier_written_from_the_documentation_agrees(tmp_path, outsider):
    log = Log(tmp_path)
    for count in (0, 1, 299):
        if count:
            log.grow(count)
        else:
            log.sequencer.checkpoint()
        data = log.export(outsider=outsider)
        assert len(second_opinion(data, log.key.line)) == log.count
    other = data.replace(b'"verdict":"hold"', b'"verdict":"allow"', 1)
    with pytest.raises((AssertionError, InvalidSignature)):
        second_opinion(other, log.key.line)
    log.close()
