"""Reading a file out of a multipart body while it comes: its digest and size; nothing of it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from rempart.errors import RefusedError

_MOST_FIELD = 200
_MOST_HEADER = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The field `id`, and the file's digest and size."""

    report_id: str
    md5: str
    size: int


def read_upload(pieces: Iterable[bytes], content_type: str) -> Arrived:
    """Read a whole body. Raises RefusedError for one that is no such form, or was cut short."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise RefusedError("The body is no multipart/form-data with a boundary.")
    reader = _Reader()
    parser = MultipartParser(boundary, reader.callbacks())
    try:
        for piece in pieces:
            parser.write(piece)
        parser.finalize()
    except MultipartParseError as err:
        raise RefusedError("The body is not well-formed multipart/form-data.") from err
    if not reader.ended or reader.size is None or not reader.fields.get("id"):
        raise RefusedError("The body has no field id, no file, or no end.")
    return Arrived(report_id=reader.fields["id"], md5=reader.digest.hexdigest(), size=reader.size)


class _Reader:
    """Takes the parser's events."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.digest = hashlib.md5(usedforsecurity=False)
        self.size: int | None = None
        self.ended = False
        self._name, self._header, self._value, self._field = "", b"", b"", b""

    def callbacks(self) -> Any:
        """The parser's events by name."""
        events: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin, "on_header_field": self._header_field, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_part_data": self._data, "on_part_end": self._end_part,
            "on_end": self._end,
        }  # fmt: skip
        return events

    def _begin(self) -> None:
        self._name, self._header, self._value, self._field = "", b"", b"", b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        if len(self._value) > _MOST_HEADER:
            raise RefusedError("A part of the body has a header that is too long.")

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
            if self._name == "file":
                if self.size is not None:
                    raise RefusedError("There is more than one file in the body.")
                self.size = 0
        self._header, self._value = b"", b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file" and self.size is not None:
            self.digest.update(memoryview(data)[start:end])
            self.size += end - start
            return
        self._field += data[start:end]
        if len(self._field) > _MOST_FIELD:
            raise RefusedError("A field of the body is too long.")

    def _end_part(self) -> None:
        if self._name and self._name != "file":
            self.fields[self._name] = self._field.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True
