"""The service's own schema: fetched with the operator's credentials, pinned by its digest, and asked before sending.

It never comes with Rempart. What it refuses is told by place and kind of fault alone, never with the text that is
wrong.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from rempart.errors import (
    DISK_FULL,
    IncompleteError,
    RefusedError,
    StorageFullError,
    TamperedError,
    TiplineUnavailableError,
    UnavailableError,
)
from rempart.reports.cybertip.document.editions import Edition, edition_of
from rempart.reports.cybertip.service.answers import AnswerKind
from rempart.reports.cybertip.service.connection import SCHEMA_BYTES, Connection
from rempart.reports.cybertip.service.parsing import local, parsed

MOST_TOLD = 20
_MOST_XML = 8 << 20
_NAMESPACE = "http://www.w3.org/2001/XMLSchema"
_ELSEWHERE = frozenset({"import", "include", "redefine", "override"})
_MOST_OCCURS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A schema that can be asked. `sha256` is the digest of its bytes, in hexadecimal."""

    sha256: str
    edition: Edition
    data: bytes = field(repr=False)
    _compiled: Any = field(repr=False, compare=False)

    def problems(self, xml: bytes) -> tuple[str, ...]:
        """What the schema refuses in a document: places and kinds of fault; empty when it accepts it."""
        try:
            root = parsed(xml, most=_MOST_XML)
        except RefusedError as err:
            return (err.message,)
        if self._compiled.validate(root):
            return ()
        return tuple(dict.fromkeys(_told(self._compiled.error_log)))[:MOST_TOLD]


def fetch(connection: Connection) -> Schema:
    """The schema as the service has it now.

    Raises RefusedError for credentials that are not accepted and for what is no schema of this service,
    TiplineUnavailableError when none came.
    """
    answer = connection.schema()
    if answer.kind is AnswerKind.CREDENTIALS:
        raise RefusedError("The CyberTipline does not accept these credentials.", hint="`rempart reports status`")
    if answer.kind is not AnswerKind.OK:
        raise TiplineUnavailableError(f"The CyberTipline gave no schema: {answer.description}.")
    return compiled(answer.body)


def compiled(data: bytes) -> Schema:
    """A schema from its bytes; nothing is fetched for it. Raises RefusedError for what is no schema of this service."""
    edition = edition_of(data)
    root = parsed(data, most=SCHEMA_BYTES)
    if root.tag != f"{{{_NAMESPACE}}}schema":
        raise RefusedError("This is no schema of the CyberTipline.", hint="Fetch it from the service again.")
    for one in root.iter():
        occurs = str(one.get("maxOccurs", "1"))
        if local(one) in _ELSEWHERE or (occurs.isdecimal() and (len(occurs) > 6 or int(occurs) > _MOST_OCCURS)):
            raise RefusedError("The schema asks for what is not done here: other files, or very many of something.")
    try:
        made = etree.XMLSchema(root)
    except etree.XMLSchemaParseError as err:
        raise RefusedError("The schema contradicts itself.", hint="Fetch it from the service again.") from err
    return Schema(sha256=hashlib.sha256(data).hexdigest(), edition=edition, data=data, _compiled=made)


def keep(folder: Path, schema: Schema) -> Path:
    """Put a schema into a folder, under its digest; gives the file. Raises StorageFullError, UnavailableError."""
    place = folder / f"{schema.sha256}.xsd"
    new = folder / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(schema.data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(place)
    except OSError as err:
        new.unlink(missing_ok=True)
        if err.errno in DISK_FULL:
            raise StorageFullError("The schema could not be written: the disk is full.") from err
        raise UnavailableError(f"The schema could not be written: {err.strerror}.") from err
    return place


def load(folder: Path, *, pinned: str) -> Schema | None:
    """The schema whose digest is pinned (hexadecimal); None where none is.

    Raises IncompleteError when it is not there, TamperedError when it is not what was pinned.
    """
    if not pinned:
        return None
    try:
        data = (folder / f"{pinned}.xsd").read_bytes()
    except OSError as err:
        raise IncompleteError(
            "The CyberTipline's schema is pinned, and cannot be read.", hint="`rempart reports schema --fetch`"
        ) from err
    if hashlib.sha256(data).hexdigest() != pinned:
        raise TamperedError("The CyberTipline's schema is not the one that is pinned.", hint="Fetch it again.")
    return compiled(data)


def _told(log: Any) -> Iterator[str]:
    for one in log:
        kind = str(one.type_name).removeprefix("SCHEMAV_").replace("CVC_", "").replace("_", " ").lower()
        yield f"{one.path or 'the document'}: {kind}"
