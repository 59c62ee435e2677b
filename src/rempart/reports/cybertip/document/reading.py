"""XML from strangers, as elements: no document type, no entities of its own, bounded in size, depth and number."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from rempart.reports.cybertip.document.nodes import Node
from rempart.reports.cybertip.document.problems import Fault, Reason

MOST_BYTES = 8 * 2**20
MOST_ELEMENTS = 100_000
DEEPEST = 24


@dataclass(slots=True)
class _Open:
    name: str
    attributes: dict[str, str]
    text: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)


class _StoppedError(Exception):
    """Raised in the parser's handlers to stop at the first byte that is not accepted."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


class _Reader:
    """Builds elements as the parser meets them. Comments and processing instructions are not accepted: nothing that
    nobody sees is sent."""

    def __init__(self) -> None:
        self.open: list[_Open] = [_Open("", {})]
        self.count = 0

    def declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if version != "1.0" or (encoding or "utf-8").lower() != "utf-8":
            raise _StoppedError(Fault(Reason.ENCODING))

    def doctype(self, *_: object) -> None:
        raise _StoppedError(Fault(Reason.DOCTYPE))

    def unseen(self, *_: object) -> None:
        raise _StoppedError(Fault(Reason.STRAY))

    def begun(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MOST_ELEMENTS or len(self.open) > DEEPEST:
            raise _StoppedError(Fault(Reason.SIZE))
        self.open.append(_Open(name, attributes))

    def ended(self, _: str) -> None:
        one = self.open.pop()
        node = Node(
            name=one.name, attributes=one.attributes, text="".join(one.text), children=tuple(one.children)
        )  # fmt: skip
        self.open[-1].children.append(node)

    def text(self, data: str) -> None:
        self.open[-1].text.append(data)


def read(data: bytes) -> Node | Fault:
    """The root element, or why it cannot be read."""
    if len(data) > MOST_BYTES:
        return Fault(Reason.SIZE)
    if not _is_utf8(data):
        return Fault(Reason.ENCODING)
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.XmlDeclHandler = reader.declared
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.begun
    parser.EndElementHandler = reader.ended
    parser.CharacterDataHandler = reader.text
    parser.CommentHandler = reader.unseen
    parser.ProcessingInstructionHandler = reader.unseen
    try:
        parser.Parse(data, True)
    except _StoppedError as stop:
        return stop.fault
    except expat.ExpatError:
        return Fault(Reason.MALFORMED)
    return reader.open[0].children[0]


def _is_utf8(data: bytes) -> bool:
    """Looked at before the parser does, which would take UTF-16 by its first bytes."""
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False
