"""The service's own schema, where a copy is at hand: `REMPART_CYBERTIP_XSD` names the file. It is never in the project."""

import os
from functools import cache
from pathlib import Path

from lxml import etree

NO_SCHEMA = "REMPART_CYBERTIP_XSD names no copy of the service's schema"


@cache
def schema() -> etree.XMLSchema | None:
    """The schema, None where there is no copy."""
    named = os.environ.get("REMPART_CYBERTIP_XSD", "")
    if not named:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.XMLSchema(etree.parse(Path(named), parser))


def mistakes(data: bytes) -> list[str]:
    """What the schema refuses in a document; one that is no XML counts as refused."""
    held = schema()
    assert held is not None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as err:
        return [str(err)]
    return [] if held.validate(tree) else [str(one) for one in held.error_log]
