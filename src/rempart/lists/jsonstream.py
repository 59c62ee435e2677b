"""Reading a big JSON document value by value, in bounded memory, going on after a broken record."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from rempart.errors import ListFormatError

CHUNK = 1 << 18
MAX_RECORD = 24 << 20
MAX_BROKEN = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+("?)|[{}\[\]]', re.DOTALL)
_CLOSES = {"}": "{", "]": "["}
_MAX_DEPTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A record that could not be read; `last` when nothing after it can be either."""

    reason: str
    last: bool = False


class JsonStream:
    """A cursor over a JSON document in UTF-8; undecodable bytes become U+FFFD, and memory stays under ~50 MB.

    `resume` is a pattern that matches where a record begins: after a record whose end cannot be found, reading
    goes on at the next match.
    """

    def __init__(self, stream: BinaryIO, *, resume: re.Pattern[str]) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._scan = json.JSONDecoder().raw_decode
        self._resume = resume
        self._text = ""
        self._at = 0
        self._ended = False

    def window(self, size: int = 1 << 16) -> str:
        """The next `size` characters (fewer at the end), without moving."""
        while len(self._text) - self._at < size and self._fill():
            pass
        return self._text[self._at : self._at + size]

    def peek(self) -> str:
        """The next character that is not white space, empty at the end of the document."""
        while True:
            place = _SPACE.match(self._text, self._at)
            self._at = place.end() if place else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def take(self, character: str) -> bool:
        """Step over `character` if it comes next."""
        if self.peek() != character:
            return False
        self._at += 1
        return True

    def value(self) -> object:
        """The next value, at most 24 MiB long; raises ListFormatError when it is not JSON."""
        self.peek()
        while True:
            try:
                found, end = self._scan(self._text, self._at)
            except (ValueError, RecursionError) as err:
                if isinstance(err, RecursionError) or self._too_long(MAX_RECORD) or not self._fill():
                    raise ListFormatError("The document is not JSON.") from err
                continue
            if end == len(self._text) and self._fill():
                continue
            self._at = end
            return found

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; the caller takes each value. Raises ListFormatError."""
        if not self.take("{"):
            raise ListFormatError("The document has something else where an object was expected.")
        while not self.take("}"):
            key = self.value()
            if not isinstance(key, str) or not self.take(":"):
                raise ListFormatError("The document is not JSON.")
            yield key
            self.take(",")

    def records(self) -> Iterator[dict[str, object] | Broken]:
        """The objects of the array that comes next; ends after a Broken that is `last`."""
        if not self.take("["):
            raise ListFormatError("The document has something else where a list was expected.")
        while True:
            character = self.peek()
            if character == "]":
                self._at += 1
                return
            if character == ",":
                self._at += 1
                continue
            if not character:
                yield Broken(reason="the document is cut short", last=True)
                return
            found = self._record() if character == "{" else self._stray()
            yield found
            if isinstance(found, Broken) and found.last:
                return

    def _record(self) -> dict[str, object] | Broken:
        while True:
            try:
                found, end = self._scan(self._text, self._at)
            except (ValueError, RecursionError) as err:
                end = self._end_of_record()
                if end > 0:
                    self._at = end
                    return Broken(reason="the record is not JSON")
                if end < 0:
                    return self._lost("the record is not JSON")
                if self._too_long(MAX_BROKEN if self._surely_broken(err) else MAX_RECORD):
                    return self._lost("the record is too long, or its end is missing")
                if not self._fill():
                    return self._lost("the document is cut short within a record")
                continue
            self._at = end
            return found if isinstance(found, dict) else Broken(reason="the record is no object")

    def _stray(self) -> Broken:
        """Step over something that is no record."""
        reason = "something else than a record stands here"
        try:
            self.value()
        except ListFormatError:
            return self._lost(reason)
        return Broken(reason=reason)

    def _end_of_record(self) -> int:
        """Where the record at the cursor ends by its brackets; 0 if beyond the text, -1 if they do not fit."""
        open_: list[str] = []
        for token in _TOKEN.finditer(self._text, self._at):
            mark = token[0]
            if mark[0] == '"':
                if not token[1]:
                    return 0
            elif mark in "{[":
                open_.append(mark)
                if len(open_) > _MAX_DEPTH:
                    return -1
            elif not open_ or open_.pop() != _CLOSES[mark]:
                return -1
            elif not open_:
                return token.end()
        return 0

    def _lost(self, reason: str) -> Broken:
        """Go on at the next place where a record begins."""
        self._at += 1
        while True:
            found = self._resume.search(self._text, self._at)
            if found:
                self._at = found.end()
                return Broken(reason=f"{reason}; reading goes on at the next record that can be found")
            # What is kept is long enough for a match that lies across the edge.
            self._at = max(self._at, len(self._text) - 256)
            if not self._fill():
                self._at = len(self._text)
                return Broken(reason=f"{reason}; nothing after it could be read", last=True)

    def _too_long(self, limit: int) -> bool:
        return len(self._text) - self._at > limit

    def _surely_broken(self, err: Exception) -> bool:
        """True when more text cannot make the record whole: the error lies before the end, and in no open string."""
        if not isinstance(err, json.JSONDecodeError):
            return True
        return err.pos + 64 < len(self._text) and not err.msg.startswith("Unterminated")

    def _fill(self) -> bool:
        """Read more, as much again as is held, so that retrying a long record costs no more than twice its length."""
        if self._ended:
            return False
        held = len(self._text) - self._at
        data = self._stream.read(min(max(CHUNK, held), 8 << 20))
        self._ended = not data
        self._text = self._text[self._at :] + self._decode(data, not data)
        self._at = 0
        return len(self._text) > held
