"""Reading XML that came over a wire: no document type, no entities, nothing fetched, of bounded length and depth."""

from __future__ import annotations

from typing import Any

from lxml import etree

from rempart.errors import RefusedError


def parsed(data: bytes, *, most: int) -> Any:
    """The root element (lxml). Raises RefusedError for what is longer than `most`, no XML, or has a document type."""
    if len(data) > most:
        raise RefusedError(f"The document is longer than {most} bytes.")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, dtd_validation=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as err:
        raise RefusedError("This is no XML that can be read.") from err
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise RefusedError("The document has a document type (DTD), which nothing here needs.")
    return root


def local(element: Any) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""
