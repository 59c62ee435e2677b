"""Signed notes and keys, against the example of the format's first implementation and damaged ones."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rempart.errors import IncompleteError, LedgerChangedError, LedgerKeyError, RefusedError
from rempart.evidence.ledger.keyfile import create_signer, open_signer, rotate_signer
from rempart.evidence.ledger.notes import Signer, VerifierKey, checkpoint_text, parse_checkpoint

# The example of golang.org/x/mod/sumdb/note.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
SIGNER = Signer(name="example.org/ledger", private=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NOTE = SIGNER.sign(checkpoint_text(origin=SIGNER.key.name, size=3, root=b"r" * 32))


def test_the_known_key_and_signature_are_understood():
    from base64 import b64decode

    key = VerifierKey.parse(KEY)
    assert (key.name, key.hash.hex(), key.line) == ("PeterNeumann", "c74f20a3", KEY)
    assert b64decode(SIGNED)[:4] == key.hash
    assert key.signed(TEXT, b64decode(SIGNED)[4:])
    assert not key.signed(TEXT + "\n", b64decode(SIGNED)[4:])


def test_a_checkpoint_reads_back():
    found = parse_checkpoint(NOTE)
    assert (found.origin, found.size, found.root) == ("example.org/ledger", 3, b"r" * 32)
    assert found.check([Signer.generate("x").key, SIGNER.key]) == SIGNER.key
    assert NOTE.startswith("example.org/ledger\n3\n")
    assert "\n\n— example.org/ledger " in NOTE


def test_a_checkpoint_with_signatures_of_others_is_understood():
    other = Signer.generate("witness.example")
    _, _, theirs = other.sign(parse_checkpoint(NOTE).text).rpartition("\n\n")
    found = parse_checkpoint(NOTE + theirs)
    assert found.check([SIGNER.key]) == SIGNER.key
    with pytest.raises(LedgerKeyError, match="another ledger"):
        found.check([other.key])


def test_more_lines_below_the_root_are_signed_too():
    note = SIGNER.sign(checkpoint_text(origin=SIGNER.key.name, size=3, root=b"r" * 32) + "more of it\n")
    assert parse_checkpoint(note).check([SIGNER.key])
    with pytest.raises(LedgerChangedError):
        parse_checkpoint(note.replace("more", "less")).check([SIGNER.key])


def test_every_altered_byte_is_noticed():
    for place in range(len(NOTE)):
        if ord(NOTE[place]) < 128:
            altered = NOTE[:place] + chr(ord(NOTE[place]) ^ 1) + NOTE[place + 1 :]
            with pytest.raises((LedgerChangedError, RefusedError)):
                parse_checkpoint(altered).check([SIGNER.key])


@pytest.mark.parametrize(
    "note",
    [
        "", "\n\n", "a\n3\n\n— a b\n", NOTE[:-1], NOTE.replace("\n\n", "\n"), NOTE.replace("3", "-3"),
        NOTE.replace("\n3\n", "\n03\n"), NOTE.replace("\n3\n", "\n3.0\n"), NOTE.replace("\n3\n", f"\n{10**18}\n"),
        NOTE + "x" * 20_000 + "\n", NOTE + NOTE.rpartition("\n\n")[2] * 20, NOTE.replace("— ", "- "),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(note):
    with pytest.raises(RefusedError):
        parse_checkpoint(note)


@pytest.mark.parametrize(
    "line",
    ["", "a+b+c", KEY.replace("c74f", "c74e"), KEY[:-4], KEY.replace("PeterNeumann", "Peter Neumann"), KEY + "+x"],
)
def test_what_is_no_verifier_key_is_refused(line):
    with pytest.raises(RefusedError):
        VerifierKey.parse(line)


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "ledger.key"
    with pytest.raises(IncompleteError, match="no ledger key"):
        open_signer(path)
    made = create_signer(path, name="example.org/ledger")
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_signer(path).key == made.key
    with pytest.raises(RefusedError, match="there already"):
        create_signer(path, name="example.org/ledger")
    assert made.private_line() not in repr(made)
    new = rotate_signer(path)
    assert (new.key.name, open_signer(path).key) == (made.key.name, new.key)
    assert new.key != made.key
    assert os.listdir(tmp_path) == ["ledger.key"]
    path.chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600"):
        open_signer(path)


@pytest.mark.parametrize("text", ["", "PRIVATE+KEY+a+b+c", "\xff", SIGNER.private_line()[:-4], KEY])
def test_a_damaged_key_file_is_refused(tmp_path, text):
    path = tmp_path / "ledger.key"
    path.write_text(text, "latin-1")
    path.chmod(0o600)
    with pytest.raises(RefusedError):
        open_signer(path)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb", "x" * 300])
def test_a_name_that_cannot_stand_in_a_note_is_refused(name):
    with pytest.raises(RefusedError):
        Signer.generate(name)
