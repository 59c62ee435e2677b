"""Project files as programs write them, with ordinary pictures inside."""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence


def glb(pictures: Sequence[bytes], *, names: Sequence[str] = ()) -> bytes:
    """A binary glTF 2.0 file that holds pictures in its one buffer."""
    binary, views, images = b"", [], []
    for data in pictures:
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
        images.append({"bufferView": len(views) - 1, "mimeType": "image/png"})
        binary += data + b"\0" * (-len(data) % 4)
    images += [{"uri": name} for name in names]
    told = {"asset": {"version": "2.0"}, "buffers": [{"byteLength": len(binary)}], "bufferViews": views}
    text = json.dumps(told | {"images": images}).encode()
    text += b" " * (-len(text) % 4)
    chunks = _chunk(b"JSON", text) + _chunk(b"BIN\0", binary)
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(chunks)).to_bytes(4, "little") + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + kind + data


def gltf(pictures: Sequence[bytes], *, names: Sequence[str] = ()) -> bytes:
    """A glTF file with pictures as data addresses, and names of others."""
    links = [f"data:image/png;base64,{base64.b64encode(one).decode()}" for one in pictures]
    return json.dumps({"asset": {"version": "2.0"}, "images": [{"uri": one} for one in (*links, *names)]}).encode()


def duf(names: Sequence[str], *, packed: bool = True) -> bytes:
    """A scene that names its textures as paths in a library."""
    images = [{"id": f"map{n}", "name": "Skin.jpg", "map": [{"url": one}]} for n, one in enumerate(names)]
    text = json.dumps({"file_version": "0.6.0.0", "image_library": images}).encode()
    return gzip.compress(text, mtime=0) if packed else text


def packed(members: Mapping[str, bytes]) -> bytes:
    """A zip-based project."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()
