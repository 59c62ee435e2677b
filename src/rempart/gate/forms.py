"""Multipart forms with several pictures, read in memory: nothing of them is ever on a disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from rempart.gate.answers import AnswerError, wrong
from rempart.gate.limits import GateLimits

_LONGEST_HEADER = 4096
_MOST_HEADERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a form, in the order they came. `is_file`: it has a file name."""

    name: str
    data: bytes
    is_file: bool


def read_form(body: bytes, content_type: str, *, limits: GateLimits) -> tuple[Part, ...]:
    """The parts of a multipart/form-data body. Raises AnswerError saying what is wrong with it."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:
        raise _wrong("it has no boundary of 1 to 70 characters")
    reader = _Reader(limits)
    parser = MultipartParser(boundary, reader.callbacks())
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError as err:
        raise _wrong("it is not well-formed") from err
    if not reader.ended:
        raise _wrong("it was cut short")
    return tuple(reader.parts)


class _Reader:
    """Takes the parser's events and keeps the parts."""

    def __init__(self, limits: GateLimits) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._limits = limits
        self._begin()

    def callbacks(self) -> Any:
        events: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin, "on_part_data": self._data, "on_part_end": self._end_part,
            "on_header_field": self._header_name, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_headers_finished": self._headers_finished, "on_end": self._end,
        }  # fmt: skip
        return events

    def _begin(self) -> None:
        if len(self.parts) >= self._limits.form_parts:
            raise _wrong("it has too many parts")
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._field, self._is_file = "", False
        self._chunks: list[bytes] = []

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._check_header()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._name) + len(self._value) > _LONGEST_HEADER or len(self._headers) >= _MOST_HEADERS:
            raise _wrong("a part has too long a header")

    def _header_end(self) -> None:
        name = self._name.lower()
        if name in self._headers:
            raise _wrong("a part has a header twice")
        self._headers[name] = self._value
        self._name, self._value = b"", b""

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        try:
            self._field = options.get(b"name", b"").decode("utf-8")
        except UnicodeDecodeError as err:
            raise _wrong("the name of a part is not UTF-8") from err
        if kind != b"form-data" or not 0 < len(self._field) <= 128:
            raise _wrong("a part has no name")
        if self._headers.get(b"content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
            raise _wrong("a part has a transfer encoding; send it as it is")
        self._is_file = b"filename" in options or b"filename*" in options

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._chunks.append(data[start:end])

    def _end_part(self) -> None:
        self.parts.append(Part(name=self._field, data=b"".join(self._chunks), is_file=self._is_file))

    def _end(self) -> None:
        self.ended = True


def _wrong(what: str) -> AnswerError:
    return wrong(f"The form cannot be read: {what}.")
