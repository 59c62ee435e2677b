"""The pictures that project files bring along: inside them, or beside them under a name.

`.gltf` and `.duf` are JSON (the latter often gzip-packed), `.glb` is a small header, JSON and one binary part (glTF
2.0, section 4.4). `pictures_in` runs in a decode worker; zip-based formats are unfolded by `rempart.scan.unpack`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from rempart.errors import UnavailableError
from rempart.signals import memoryfile
from rempart.signals.examine import Examination
from rempart.signals.mediatype import HEAD_BYTES, sniff
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Plan, WorkerPool

TASK = "rempart.gate.containers:read_in_worker"
ROOM = 96 << 20
MOST_JSON = 64 << 20
MOST_PICTURES = 4096
_MOST_DEPTH = 64
_LONGEST_NAME = 4096
_NAMED = re.compile(r"[^?#]*\.(png|jpe?g|webp|gif|bmp|tiff?|avif|heic|heif|jp2|jxl|psd|tga|exr|hdr|dds|ktx2?)\Z", re.I)
_LABELS = frozenset({"name", "label", "id"})
"""Under these stands what people read, and no place where a file lies."""
_DATA_URL = re.compile(r"data:[a-zA-Z0-9.+/-]{0,80};base64,")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a project file names: pictures it holds, and names of those that lie elsewhere. `unread` says what of it
    could not be read."""

    pictures: tuple[bytes, ...] = ()
    names: tuple[str, ...] = ()
    unread: str | None = None


class UnreadProjectError(ValueError):
    """A project file that cannot be read."""


def project_kind(head: bytes) -> str | None:
    """`glb`, `gzip` or `json` by the first bytes, never by the name; None for anything else."""
    if head.startswith(b"glTF"):
        return "glb"
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    return "json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else None


def is_picture_name(name: str) -> bool:
    """Whether a file is called as pictures are, those that cannot be read here among them."""
    return _NAMED.match(name) is not None


def pictures_in(data: bytes) -> Inside:
    """What a project file holds and names. Raises UnreadProjectError for one that cannot be read."""
    kind = project_kind(data[:HEAD_BYTES])
    if kind == "glb":
        text, binary = _glb(data)
        return _inside(_json(text), binary)
    if kind == "gzip":
        return _inside(_json(_gunzipped(data)), b"")
    if kind == "json":
        return _inside(_json(data), b"")
    raise UnreadProjectError("it is no project file that is known here")


def _gunzipped(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(31)
    try:
        found = unpacker.decompress(data, MOST_JSON + 1)
    except zlib.error as err:
        raise UnreadProjectError("it is damaged or cut short") from err
    if len(found) > MOST_JSON:
        raise UnreadProjectError("it unfolds into too much")
    if not unpacker.eof:
        raise UnreadProjectError("it is damaged or cut short")
    return found


def _glb(data: bytes) -> tuple[bytes, bytes]:
    version, length = int.from_bytes(data[4:8], "little"), int.from_bytes(data[8:12], "little")
    if version != 2 or length > len(data):
        raise UnreadProjectError("it is of another version, or cut short")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = int.from_bytes(data[at : at + 4], "little"), data[at + 4 : at + 8]
        if at + 8 + size > length:
            raise UnreadProjectError("it is cut short")
        chunks.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size
    if b"JSON" not in chunks:
        raise UnreadProjectError("it has no description")
    return chunks[b"JSON"], chunks.get(b"BIN\x00", b"")


def _json(text: bytes) -> Any:
    if len(text) > MOST_JSON:
        raise UnreadProjectError("its description is too long")
    try:
        return json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as err:
        raise UnreadProjectError("its description is not well-formed") from err


def _inside(told: Any, binary: bytes) -> Inside:
    pictures: list[bytes] = []
    names: dict[str, None] = {}
    trouble: list[str] = []
    buffers = list(_buffers(told, binary))
    for at, length, buffer in _views(told):
        if buffer >= len(buffers) or buffers[buffer] is None:
            trouble.append("a picture of it lies in another file")
            continue
        whole = buffers[buffer] or b""
        if at < 0 or length <= 0 or at + length > len(whole):
            trouble.append("a picture of it is cut short")
        else:
            pictures.append(whole[at : at + length])
    for key, text in _texts(told, _MOST_DEPTH):
        if (prefix := _DATA_URL.match(text)) is not None:
            found = _decoded(text[prefix.end() :])
            if found is None:
                trouble.append("a picture in it cannot be read")
            elif sniff(found[:HEAD_BYTES]) is not None or text.startswith("data:image/"):
                pictures.append(found)
        elif key not in _LABELS and len(text) <= _LONGEST_NAME and is_picture_name(text):
            names[unquote(text)] = None
    if len(pictures) + len(names) > MOST_PICTURES:
        raise UnreadProjectError(f"it has more than {MOST_PICTURES} pictures")
    return Inside(pictures=tuple(pictures), names=tuple(names), unread=trouble[0] if trouble else None)


def _buffers(told: Any, binary: bytes) -> Iterator[bytes | None]:
    """The buffers of a glTF file as far as they are in it; None stands for one that lies elsewhere."""
    for number, one in enumerate(_dicts(told, "buffers")):
        uri = one.get("uri")
        if uri is None:
            yield binary if number == 0 else None
        else:
            prefix = _DATA_URL.match(uri) if isinstance(uri, str) else None
            yield None if prefix is None else _decoded(uri[prefix.end() :])


def _views(told: Any) -> Iterator[tuple[int, int, int]]:
    """Where the images of a glTF file lie: offset, length, number of the buffer."""
    views = list(_dicts(told, "bufferViews"))
    for image in _dicts(told, "images"):
        if "bufferView" not in image:
            continue
        number = _index(image["bufferView"])
        if number >= len(views):
            raise UnreadProjectError("it names a part that it does not have")
        view = views[number]
        yield _index(view.get("byteOffset", 0)), _index(view.get("byteLength", 0)), _index(view.get("buffer", 0))


def _index(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 40:
        raise UnreadProjectError("a place in it is no number")
    return value


def _dicts(told: Any, name: str) -> Iterator[dict[str, Any]]:
    found = told.get(name) if isinstance(told, dict) else None
    if isinstance(found, list):
        yield from (one if isinstance(one, dict) else {} for one in found)


def _texts(value: Any, depth: int, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a document, with the name it stands under."""
    if depth == 0:
        raise UnreadProjectError("it is nested too deep")
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, depth - 1, name)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, depth - 1, key)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


# How it gets through a decode worker: what was found is written behind the bytes of the file.


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadPlan(Plan):
    size: int

    def wire(self) -> dict[str, Any]:
        """The plan as the worker is told it; without `project` it would have nothing to do."""
        return {"project": True, "size": self.size}


def container_pool(*, workers: int = 1, limits: Limits) -> WorkerPool:
    """Workers for `read_project`."""
    return WorkerPool(workers=workers, limits=limits, task=TASK, waiting=64)


def read_project(pool: WorkerPool, data: bytes) -> Inside:
    """`pictures_in`, by a worker. Never raises for what the file holds: then `unread` says why.

    Raises UnavailableError when no worker can be started, or memory is short.
    """
    descriptor = memoryfile.memory_file(memoryview(data), room=ROOM)
    try:
        found = pool.examine(os.dup(descriptor), _ReadPlan(size=len(data)))
        if found.outcome is not Outcome.OK:
            return Inside(unread=found.error or found.outcome.value)
        size = found.size or 0
        if not 0 < size <= ROOM:
            return Inside(unread="the reader answered nonsense")
        return _unpacked(os.pread(descriptor, size, memoryfile.after(len(data))))
    finally:
        os.close(descriptor)


def _packed(inside: Inside) -> bytes:
    head = {"sizes": [len(one) for one in inside.pictures], "names": inside.names, "unread": inside.unread}
    text = json.dumps(head).encode("ascii")
    return b"".join((len(text).to_bytes(4, "little"), text, *inside.pictures))


def _unpacked(data: bytes) -> Inside:
    try:
        size = int.from_bytes(data[:4], "little")
        head = json.loads(data[4 : 4 + size].decode("ascii"))
        sizes, names, unread = [int(one) for one in head["sizes"]], tuple(map(str, head["names"])), head["unread"]
        at, pictures = 4 + size, []
        for one in sizes:
            pictures.append(data[at : at + one])
            at += one
        if at != len(data) or min(sizes, default=1) <= 0:
            raise ValueError
        return Inside(pictures=tuple(pictures), names=names, unread=None if unread is None else str(unread)[:300])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Inside(unread="the reader answered nonsense")


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    pictures_in(b'{"images": [{"uri": "data:image/png;base64,AAAA"}, {"uri": "a%20b.png"}]}')
    memoryfile.prepare()
    try:
        pictures_in(b"\x1f\x8b\x08")
    except UnreadProjectError:
        return
    raise UnavailableError("The reader of project files does not work.")


def read_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task; the answer is `Examination.to_wire`'s form, with the size of what was found."""
    if "project" not in plan:  # the first attempt ended badly, and there is nothing else to be made of it
        return Examination(outcome=Outcome.OK).to_wire()
    size = int(plan["size"])
    if size > limits.file_bytes:
        return Examination(outcome=Outcome.TOO_LARGE, error="the file is too large").to_wire()
    try:
        answer = _packed(pictures_in(memoryfile.first(descriptor, size)))
    except UnreadProjectError as err:
        return Examination(outcome=Outcome.UNREADABLE, error=str(err)).to_wire()
    if len(answer) > ROOM:
        return Examination(outcome=Outcome.TOO_LARGE, error="its pictures are too large together").to_wire()
    memoryfile.write(descriptor, memoryfile.after(size), answer)
    return Examination(outcome=Outcome.OK, size=len(answer)).to_wire()
