"""The service's own schema, where a copy is at hand: `REMPART_CYBERTIP_XSD` names the file. None is in the project."""

import os
from functools import cache
from pathlib import Path

from lxml import etree

NO_SCHEMA = "REMPART_CYBERTIP_XSD names no copy of the service's schema"


def held() -> bytes | None:
    """The copy, None where there is none."""
    named = os.environ.get("REMPART_CYBERTIP_XSD", "")
    return Path(named).read_bytes() if named else None


@cache
def schema() -> etree.XMLSchema | None:
    """The schema, None where there is no copy."""
    copy = held()
    return None if copy is None else etree.XMLSchema(etree.fromstring(copy, _parser()))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def mistakes(data: bytes) -> list[str]:
    """What the schema refuses in a document; one that is no XML counts as refused."""
    kept = schema()
    assert kept is not None
    try:
        tree = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as err:
        return [str(err)]
    return [] if kept.validate(tree) else [str(one) for one in kept.error_log]
