"""Multipart forms in bounded memory: fields as text, one file as bytes, nothing ever on a disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from rempart.server.problems import ProblemError

MOST_PARTS = 32
MOST_HEADER = 4096
MOST_FIELD = 64 << 10
FILE = "file"


@dataclass(slots=True, kw_only=True)
class Form:
    """The fields of a form by name, and the content of its `file` (None: there was none)."""

    fields: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


def read_form(body: bytes, content_type: str) -> Form:
    """Read a multipart/form-data body.

    Raises ProblemError 400 saying what is wrong with it: no boundary, cut short, a field twice, too many parts.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary or len(boundary) > 70:
        raise _wrong("The multipart body has no boundary of 1 to 70 characters.")
    reader = _Reader()
    parser = MultipartParser(boundary, reader.callbacks())
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError as err:
        raise _wrong("The body is not well-formed multipart/form-data.") from err
    if not reader.ended:
        raise _wrong("The multipart body was cut short: its last boundary is missing.")
    return reader.form


class _Reader:
    """Takes the parser's events and fills the form."""

    def __init__(self) -> None:
        self.form = Form()
        self.ended = False
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
        if not self._is_file and self._size > MOST_FIELD:
            raise _wrong(f"The field `{self._field[:40]}` has more than {MOST_FIELD} bytes.")
        self._chunks.append(data[start:end])

    def _end_part(self) -> None:
        value = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        if self._is_file:
            self.form.content = value
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
