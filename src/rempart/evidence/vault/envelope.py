"""The sealed form of bytes: AES-256-GCM in chunks, under a key that seals one object and nothing else.

A blob is a header of 16 bytes, then chunks of `CHUNK` plaintext bytes (the last may be shorter), each followed by its
tag of 16. It is the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár (CRYPTO 2015): the nonce is the
chunk's number (11 bytes, big-endian) and a byte that is 1 for the last chunk only, so that chunks cannot be swapped,
dropped or cut off. A nonce never comes twice under a key: an object's key is random and seals one stream once. The
header and the object's id are authenticated with every chunk: a blob cannot be passed off as another object's.

An object's key is wrapped by AES-256-GCM under a service key with a random nonce of 96 bits; NIST SP 800-38D allows
2^32 of these under one service key. The object's id and the service key's id are authenticated.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rempart.errors import ForeignFileError, IncompleteError, TamperedError
from rempart.evidence.vault.memory import wipe

CHUNK = 1 << 20
TAG = 16
HEADER = b"rempart\x01" + CHUNK.to_bytes(8, "big")
KEY_BYTES = 32
_NONCE = 12


def new_object_key() -> bytes:
    """A key for one object, from the system's random source."""
    return secrets.token_bytes(KEY_BYTES)


def sealed_size(size: int) -> int:
    """How long the blob for `size` bytes of plaintext is."""
    return len(HEADER) + size + TAG * max(1, -(-size // CHUNK))


def seal_pieces(data: bytes | bytearray | memoryview, *, key: bytes, object_id: str) -> Iterator[bytes]:
    """Yield the blob for `data`, a chunk at a time: memory beyond `data` itself is one chunk."""
    cipher = AESGCM(key)
    bound = _bound(object_id)
    view = memoryview(data).cast("B")
    last = max(0, (len(view) - 1) // CHUNK)
    yield HEADER
    for number in range(last + 1):
        chunk = view[number * CHUNK : (number + 1) * CHUNK]
        yield cipher.encrypt(_nonce(number, last=number == last), chunk, bound)


def seal_stream(pieces: Iterable[bytes | memoryview], *, key: bytes, object_id: str) -> Iterator[bytes]:
    """Yield the blob for what comes in pieces of any size: memory is two chunks, and one of the pieces."""
    cipher = AESGCM(key)
    bound = _bound(object_id)
    held, number = bytearray(), 0
    yield HEADER
    try:
        for piece in pieces:
            view = memoryview(piece).cast("B")
            while view:
                if len(held) == CHUNK:  # something follows it, so it is not the last
                    yield cipher.encrypt(_nonce(number, last=False), held, bound)
                    number += 1
                    held.clear()
                room = CHUNK - len(held)
                held += view[:room]
                view = view[room:]
        yield cipher.encrypt(_nonce(number, last=True), held, bound)
    finally:
        wipe(held)


def open_stream(
    pieces: Iterable[bytes], size: int, into: memoryview, *, key: bytes, object_id: str
) -> Iterator[memoryview]:
    """Decrypt a blob of `size` plaintext bytes a chunk at a time into `into` (`CHUNK` bytes), and yield what is there.

    The same must hold as for `open_pieces`; each chunk is authentic before it is given, but that none is missing at the
    end is known only when the last one was given: whoever stops before has not got the whole. What was given holds
    until the next one is asked for; `into` is zeroed in the end.
    """
    cipher = AESGCM(key)
    bound = _bound(object_id)
    last = max(0, (size - 1) // CHUNK)
    try:
        for number, frame in enumerate(_frames(pieces, size)):
            room = into[: len(frame) - TAG]
            try:
                cipher.decrypt_into(_nonce(number, last=number == last), frame, bound, room)
            except InvalidTag as err:
                raise TamperedError("Sealed bytes were altered, or belong to another object.") from err
            yield room.toreadonly()
    finally:
        wipe(into)


def open_pieces(pieces: Iterable[bytes], into: memoryview, *, key: bytes, object_id: str) -> None:
    """Decrypt a blob into `into`, which is exactly as long as the plaintext.

    What must hold:
    1. the blob begins with this version's header (ForeignFileError);
    2. it is as long as the plaintext asks for: shorter is IncompleteError, longer TamperedError;
    3. every chunk is authentic, in its place, of this object (TamperedError).
    When 3 fails, `into` is zeroed.
    """
    cipher = AESGCM(key)
    bound = _bound(object_id)
    frames = _frames(pieces, len(into))
    last = max(0, (len(into) - 1) // CHUNK)
    for number, frame in enumerate(frames):
        room = into[number * CHUNK : (number + 1) * CHUNK]
        try:
            cipher.decrypt_into(_nonce(number, last=number == last), frame, bound, room)
        except InvalidTag as err:
            wipe(into)  # OpenSSL has written what it could not vouch for
            raise TamperedError("Sealed bytes were altered, or belong to another object.") from err


def wrap_key(object_key: bytes, *, service_key: bytes, service_key_id: str, object_id: str) -> bytes:
    """An object's key, readable only under a service key and only for this object."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(service_key).encrypt(nonce, object_key, _wrap_bound(service_key_id, object_id))


def unwrap_key(wrap: bytes, *, service_key: bytes, service_key_id: str, object_id: str) -> bytes:
    """The object's key again. Raises TamperedError."""
    try:
        bound = _wrap_bound(service_key_id, object_id)
        key = AESGCM(service_key).decrypt(wrap[:_NONCE], wrap[_NONCE:], bound)
    except (InvalidTag, ValueError) as err:
        raise TamperedError("An object's wrapped key was altered, or belongs to another object.") from err
    if len(key) != KEY_BYTES:
        raise TamperedError("An object's wrapped key has a wrong length.")
    return key


def _frames(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Cut a blob into chunks with their tags, checking the header and the length (1 and 2)."""
    held = bytearray()
    waiting = iter(pieces)
    _fill(held, waiting, len(HEADER))
    if bytes(held[: len(HEADER)]) != HEADER:
        raise ForeignFileError("Sealed bytes begin in a way that is not known here.")
    del held[: len(HEADER)]
    left = size
    while True:
        want = min(left, CHUNK) + TAG
        _fill(held, waiting, want)
        yield bytes(held[:want])
        del held[:want]
        left -= want - TAG
        if left == 0:
            break
    if held or next((piece for piece in waiting if piece), None):
        raise TamperedError("There are more sealed bytes than were written.")


def _fill(held: bytearray, waiting: Iterator[bytes], want: int) -> None:
    while len(held) < want:
        piece = next(waiting, None)
        if piece is None:
            raise IncompleteError("Sealed bytes were cut short.", hint="Take the blob from a backup.")
        held += piece


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + bytes([last])


def _bound(object_id: str) -> bytes:
    return HEADER + object_id.encode()


def _wrap_bound(service_key_id: str, object_id: str) -> bytes:
    return b"rempart wrap 1\x00" + service_key_id.encode() + b"\x00" + object_id.encode()
