"""Multipart forms in bounded memory: fields as text, one file as bytes, nothing ever on a disk."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from rempart.server.problems import ProblemError

MOST_PARTS = 32
MOST_HEADER = 4096
MOST_FIELD = 64 << 10
FILE = "file"
_PIECE = 1 << 16


@dataclass(slots=True, kw_only=True)
class Form:
    """The fields of a form by name, and the content of its `file` (None: there was none)."""

    fields: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


def read_form(body: bytes, content_type: str) -> Form:
    """Read a multipart/form-data body.

    Raises ProblemError 400 saying what is wrong with it: no boundary, cut short, a field twice, too many parts.
    """
    reader = Reader()
    parser = MultipartParser(_boundary(content_type), reader.callbacks())
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError as err:
        raise _wrong("The body is not well-formed multipart/form-data.") from err
    if not reader.ended:
        raise _wrong("The multipart body was cut short: its last boundary is missing.")
    return reader.form


class StreamedForm:
    """A form whose `file` is read while it comes, in flat memory: `fields` are those that stand before it.

    Reading raises ProblemError as `read_form` does. `stream` is buffered and has `peek`.
    """

    def __init__(self, body: BinaryIO, content_type: str, *, most_field: int = MOST_FIELD) -> None:
        self._body = body
        self._reader = Reader(most_field=most_field)
        self._parser = MultipartParser(_boundary(content_type), self._reader.callbacks())
        while not self._reader.in_file and not self._reader.ended and self._feed():
            pass
        self.fields = self._reader.form.fields
        self.stream = io.BufferedReader(_FilePart(self._next), _PIECE)

    def _feed(self) -> bool:
        data = self._body.read(_PIECE)
        try:
            self._parser.write(data) if data else self._parser.finalize()
        except MultipartParseError as err:
            raise _wrong("The body is not well-formed multipart/form-data.") from err
        if not data and not self._reader.ended:
            raise _wrong("The multipart body was cut short: its last boundary is missing.")
        return bool(data)

    def _next(self) -> bytes:
        """The next bytes of the file, empty at its end; the rest of the form is read to its last boundary."""
        while not (found := self._reader.taken()):
            if self._reader.ended or not self._feed():
                return b""
        return found


class _FilePart(io.RawIOBase):
    def __init__(self, following: Callable[[], bytes]) -> None:
        self._following = following
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = memoryview(self._following())
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary or len(boundary) > 70:
        raise _wrong("The multipart body has no boundary of 1 to 70 characters.")
    return boundary


class Reader:
    """Takes the parser's events and fills the form."""

    def __init__(self, *, most_field: int = MOST_FIELD) -> None:
        self.form = Form()
        self.ended = False
        self._most_field = most_field
        self._parts = 0
        self._begin()

    def callbacks(self) -> Any:
        """The parser's events by name."""
        events: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin_part,
            "on_part_data": self._data,
            "on_part_end": self._end_part,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_end": self._end,
        }
        return events

    @property
    def in_file(self) -> bool:
        """Whether the file has begun."""
        return self._is_file or self.form.content is not None

    def taken(self) -> bytes:
        """What came of the file since this was last asked; it is kept here no longer."""
        if self._is_file:
            found = b"".join(self._chunks)
            self._chunks.clear()
            return found
        found = self.form.content or b""
        if found:
            self.form.content = b""
        return found

    def _begin(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._field = ""
        self._is_file = False
        self._chunks: list[bytes] = []
        self._size = 0

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _wrong(f"The form has more than {MOST_PARTS} parts.")
        self._begin()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._check_header()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._name) + len(self._value) > MOST_HEADER or len(self._headers) > 16:
            raise _wrong("A part of the form has too long a header.")

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if not self._field:
            raise _wrong("A part of the form has no name.")
        if self._headers.get(b"content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
            raise _wrong("A part of the form has a transfer encoding; send it as it is.")
        self._is_file = self._field == FILE
        if self._field in self.form.fields or (self._is_file and self.form.content is not None):
            raise _wrong(f"The form has `{self._field[:40]}` twice.")

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if not self._is_file and self._size > self._most_field:
            raise _wrong(f"The field `{self._field[:40]}` has more than {self._most_field} bytes.")
        self._chunks.append(data[start:end])

    def _end_part(self) -> None:
        value = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        if self._is_file:
            self.form.content, self._is_file = value, False
            self._chunks.clear()
            return
        try:
            self.form.fields[self._field] = value.decode("utf-8")
        except UnicodeDecodeError as err:
            raise _wrong(f"The field `{self._field[:40]}` is not UTF-8.") from err

    def _end(self) -> None:
        self.ended = True


def _wrong(message: str) -> ProblemError:
    return ProblemError(
        400, message, hint="Send `file` with the bytes and the other fields as UTF-8 text.", slug="bad-form"
    )
