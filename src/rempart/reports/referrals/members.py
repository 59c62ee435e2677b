"""The small parts of a package: documents made of what was frozen, in a fixed order, the same bytes each time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from rempart import __version__
from rempart.lists.entry import Category
from rempart.lists.formats import vicscase
from rempart.lists.vocabulary import read_moment
from rempart.reports.referrals.cover import cover
from rempart.reports.referrals.values import Part
from rempart.reports.referrals.wording import words
from rempart.signals.digests import Digests

VICS = "vics.json"
_LISTS = ("locations", "assessments", "origins", "signals", "matches", "accounts", "contents", "objects")
_FILES: Mapping[Part, tuple[str, tuple[str, ...]]] = {
    Part.LOCATIONS: ("locations.json", ("locations",)),
    Part.ASSESSMENTS: ("assessments.json", ("assessments", "origins")),
    Part.SIGNALS: ("signals.json", ("signals", "matches")),
    Part.ACCOUNTS: ("accounts.json", ("accounts",)),
}


def documents(frozen: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of a frozen referral, each with its name: how to check it, the cover, then the data."""
    yield "README.txt", words(frozen["language"]).say("readme", referral=frozen["referral"]).encode()
    yield "cover.pdf", cover(frozen)
    head = {name: value for name, value in frozen.items() if name not in _LISTS}
    yield "referral.json", as_json(_without_keys(head))
    for part, (name, keys) in _FILES.items():
        if part.value in frozen["parts"]:
            yield name, as_json({key: frozen[key] for key in keys if key in frozen})


def vics(frozen: Mapping[str, Any], found: Mapping[str, Digests]) -> bytes:
    """The VICS case of a frozen referral. `found` are the digests of contents that go along, by SHA-256; contents that
    do not are in it where their MD5 is known."""
    made = read_moment(frozen["made"])
    assert made is not None
    case = vicscase.Case(
        name=frozen["referral"], organization=frozen["from"]["name"], contact=frozen["from"]["contact"], updated=made,
        version=__version__,
    )  # fmt: skip
    stream = BytesIO()
    vicscase.write(case, _media(frozen, found), stream)
    return stream.getvalue()


def as_json(value: Any) -> bytes:
    """A document, readable by people too."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _without_keys(head: dict[str, Any]) -> dict[str, Any]:
    return head | {"to": [{name: value for name, value in one.items() if name != "keys"} for one in head["to"]]}


def _media(frozen: Mapping[str, Any], found: Mapping[str, Digests]) -> list[vicscase.Media]:
    locations = {one["place"]: one for one in frozen["locations"]}
    category, comments = _category(frozen), _comments(frozen)
    media: dict[str, vicscase.Media] = {}
    places: dict[str, list[vicscase.Place]] = {}
    for one in frozen["signals"]:
        known = {two["kind"]: two["value"] for two in one["signals"]}
        digests = found.get(one["sha256"] or "")
        md5 = str(digests.md5) if digests else known.get("md5")
        if md5 is None:
            continue
        there = locations[one["place"]]
        place = vicscase.Place(name=there.get("item") or "", path=there["address"] or there["service"])
        places.setdefault(md5, []).append(place)
        others = {"SHA256": one["sha256"], "PDQ": known.get("pdq")}
        media[md5] = vicscase.Media(
            md5=md5, sha1=str(digests.sha1) if digests else known.get("sha1", ""), size=one["size"],
            media_type=there["media_type"] or "", file=(one["file"] or "") if digests else "", category=category,
            comments=comments, hashes=tuple((name, value) for name, value in others.items() if value),
            places=tuple(places[md5]),
        )  # fmt: skip
    return list(media.values())


def _category(frozen: Mapping[str, Any]) -> Category | None:
    """The category that people decided: the last lead's, else the first that was given."""
    told = [one for one in frozen["assessments"] if one["scheme"] and one["code"]]
    leads = [one for one in reversed(told) if not one["blind"]]
    first = next(iter([*leads, *told]), None)
    return None if first is None else Category(scheme=first["scheme"], code=first["code"])


def _comments(frozen: Mapping[str, Any]) -> str:
    people = len({one["by"] for one in frozen["assessments"]})
    return f"Judged by {people} reviewer{'' if people == 1 else 's'} of the sender." if people else ""
