"""Server-sent events of a whole stream, as the HTML standard describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rempart.gate.answers import garbage

_LINES = re.compile(r"\r\n|\n|\r")


def read_events(body: bytes) -> Iterator[str]:
    """The data of each event that is whole; one that the stream broke off in does not count. Raises AnswerError."""
    try:
        text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as err:
        raise garbage("its stream is not UTF-8") from err
    data: list[str] = []
    *lines, _ = _LINES.split(text)
    for line in lines:
        if not line:
            if data:
                yield "\n".join(data)
            data = []
            continue
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
