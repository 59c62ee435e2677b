"""A case with its media as Project VIC / CAID JSON ("VICS" 2.0, `#Cases`), for whoever examines it.

Follows the CEModel namespace of the VICS 2.0 EDMX. A number stands in `Category` only where people decided, in the
scheme whose meaning the profile tells (`US`); any other category stands in `MediaMetadata` as `rempart:category`. What
nobody here can know (whether a victim was identified, whether a picture was distributed) is left out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from rempart.clock import iso
from rempart.lists.entry import Category

CONTEXT = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{profile}/$metadata#Cases"
_US, _SCHEME_OF_US = "US", "vic-us"
_CUSTOM = "CUSTOM"
_CATEGORY = "rempart:category"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place where the same bytes were found: a name, and an address or a path."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One content. `file` is its copy's path beside the JSON, by slashes; empty where none goes along. `hashes` are
    other digests by name (`SHA256`, `PDQ`), of which the last is a convention of Rempart's."""

    md5: str
    sha1: str = ""
    size: int | None = None
    media_type: str = ""
    file: str = ""
    category: Category | None = None
    comments: str = ""
    hashes: tuple[tuple[str, str], ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Whose case it is. `name` is a reference of the sender's own, from which the case's GUID follows."""

    name: str
    organization: str
    contact: str
    updated: datetime
    version: str


def write(case: Case, media: Iterable[Media], stream: BinaryIO) -> int:
    """Write a case in the order of `media`; the same values give the same bytes. Gives how many contents it has."""
    found = tuple(media)
    us = any(one.category is not None and one.category.scheme == _SCHEME_OF_US for one in found)
    document = {
        "@odata.context": CONTEXT.format(profile=_US if us else _CUSTOM),
        "value": [
            {
                "CaseID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"rempart:{case.name}")), "CaseNumber": case.name,
                "ContactOrganization": case.organization, "ContactName": case.contact,
                "SourceApplicationName": "Rempart", "SourceApplicationVersion": case.version,
                "TotalMediaFiles": len(found), "TotalPrecategorized": 0,
                "Media": [_media(one, number, iso(case.updated)) for number, one in enumerate(found, 1)],
            }
        ],
    }  # fmt: skip
    stream.write(json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n")
    return len(found)


def _media(one: Media, number: int, updated: str) -> dict[str, object]:
    md5 = one.md5.upper()
    row: dict[str, object] = {
        "MediaID": number, "Category": _number(one.category), "MD5": md5, "SHA1": one.sha1.upper(),
        "MediaSize": one.size, "MimeType": one.media_type, "DateUpdated": updated, "IsPrecategorized": False,
        "Comments": one.comments,
    }  # fmt: skip
    if one.file:
        row["RelativeFilePath"] = one.file.replace("/", "\\")
    if one.category is not None and row["Category"] is None:
        told = f"{one.category.scheme}:{one.category.code}"
        row["MediaMetadata"] = [{"MD5": md5, "PropertyName": _CATEGORY, "PropertyValue": told}]
    if one.hashes:
        row["AlternativeHashes"] = [{"MD5": md5, "HashName": name, "HashValue": value} for name, value in one.hashes]
    row["MediaFiles"] = [
        {"MD5": md5, "MediaFileID": place, "FileName": there.name, "FilePath": there.path}
        for place, there in enumerate(one.places, 1)
    ]
    return {name: value for name, value in row.items() if value not in ("", None) or name == "Category"}


def _number(category: Category | None) -> int | None:
    """The number of a category; none for 0, which other tools read as *not yet looked at*."""
    if category is None or category.scheme != _SCHEME_OF_US or not category.code.isdigit():
        return None
    return int(category.code) or None
