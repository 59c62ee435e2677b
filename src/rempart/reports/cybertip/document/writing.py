"""The XML that is sent: a record's elements in the table's order, UTF-8, indented so that people can read it.

The same record always gives the same bytes: what a person confirms in the preview is what goes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.document.nodes import Node, of_file, of_report
from rempart.reports.cybertip.document.problems import Fault, Reason, said
from rempart.reports.cybertip.document.records import FileDetails, Report
from rempart.reports.cybertip.document.values import forbidden

_BREAKS = {"\r": "&#13;"}


def report_xml(report: Report, *, edition: Edition = DEFAULT) -> bytes:
    """A report as the service takes it. A draft that lacks something is written without it: call `checking.problems`
    before anything is sent. RefusedError for a character that XML cannot hold."""
    return written(of_report(report, edition=edition))


def file_xml(details: FileDetails, *, report_id: int, file_id: str, edition: Edition = DEFAULT) -> bytes:
    """The details of one file, with the numbers of the report and of the file that the service gave."""
    return written(of_file(details, report_id=report_id, file_id=file_id, edition=edition))


def written(node: Node) -> bytes:
    """Elements as a whole document. RefusedError for a character that XML cannot hold."""
    lines = ('<?xml version="1.0" encoding="UTF-8"?>', *_lines(node, 0))
    return ("\n".join(lines) + "\n").encode()


def _lines(node: Node, depth: int) -> Iterator[str]:
    space = "  " * depth
    begin = "".join((node.name, *(f" {name}={quoteattr(_sound(text))}" for name, text in node.attributes.items())))
    if not (node.text or node.children):
        yield f"{space}<{begin}/>"
    elif not node.children:
        yield f"{space}<{begin}>{escape(_sound(node.text), _BREAKS)}</{node.name}>"
    else:
        yield f"{space}<{begin}>"
        for child in node.children:
            yield from _lines(child, depth + 1)
        yield f"{space}</{node.name}>"


def _sound(text: str) -> str:
    if forbidden(text):
        raise said(Fault(Reason.CHARACTERS))
    return text
