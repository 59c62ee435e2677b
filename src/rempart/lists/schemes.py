"""Category schemes: data files that say what a code means, and so what a lookup does with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path

from rempart.errors import SchemeUnknownError
from rempart.lists.entry import Category, Disposition, Entry, Opinion

_KEYS = {"id", "version", "country", "codes"}
_MAX_FILE = 1 << 20


class LegalStatus(StrEnum):
    """How a scheme's own country or body regards a code. Only the last three keep a lookup from reporting."""

    ILLEGAL = "illegal"
    LEGAL = "legal"
    UNCLEAR = "unclear"
    EXEMPLAR = "exemplar"
    BENIGN = "benign"
    UNCATEGORISED = "uncategorised"


_BY_STATUS = {
    LegalStatus.BENIGN: Disposition.KNOWN_GOOD,
    LegalStatus.EXEMPLAR: Disposition.EXEMPLAR,
    LegalStatus.UNCATEGORISED: Disposition.UNCATEGORISED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code of a scheme. `severity_rank` orders codes within their scheme only, higher is graver."""

    code: str
    label: str
    severity_rank: int
    legal_status: LegalStatus
    aliases: tuple[str, ...] = ()

    @property
    def disposition(self) -> Disposition:
        """What a lookup does with an entry of this code."""
        return _BY_STATUS.get(self.legal_status, Disposition.MATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A named set of codes."""

    id: str
    version: str
    country: str
    codes: tuple[Code, ...]
    _by_name: Mapping[str, Code] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {name.casefold(): code for code in self.codes for name in code.aliases}
        names |= {code.code.casefold(): code for code in self.codes}
        object.__setattr__(self, "_by_name", names)

    def find(self, text: str) -> Code | None:
        """The code written as `text` (any case, or one of its aliases), or None."""
        return self._by_name.get(text) or self._by_name.get(text.strip().casefold())

    @property
    def only_code(self) -> Code | None:
        """The code of a scheme that has just one: membership is then the judgement."""
        return self.codes[0] if len(self.codes) == 1 else None

    def document(self) -> dict[str, object]:
        """The scheme as JSON-able data, as a list file carries it."""
        codes: list[dict[str, object]] = []
        for code in self.codes:
            row: dict[str, object] = {
                "code": code.code,
                "label": code.label,
                "severity_rank": code.severity_rank,
                "legal_status": code.legal_status.value,
            }
            codes.append(row | ({"aliases": list(code.aliases)} if code.aliases else {}))
        return {"id": self.id, "version": self.version, "country": self.country, "codes": codes}


@cache
def built_in() -> Mapping[str, Scheme]:
    """The schemes that come with Rempart, by id."""
    folder = resources.files("rempart.lists") / "schemes"
    found = [
        parse_scheme(json.loads(file.read_text("utf-8")), where=file.name)
        for file in folder.iterdir()
        if file.name.endswith(".json")
    ]
    return {scheme.id: scheme for scheme in sorted(found, key=lambda scheme: scheme.id)}


def choices() -> str:
    """The ids of the built-in schemes, for messages."""
    return ", ".join(built_in())


def load_scheme(name: str) -> Scheme:
    """A built-in scheme by id, or the user's own from a path ending in `.json`.

    Raises SchemeUnknownError saying what is wrong and naming the choices.
    """
    if name in built_in():
        return built_in()[name]
    path = Path(name)
    if path.suffix != ".json":
        raise SchemeUnknownError(
            f"There is no category scheme {name!r}.", hint=f"Choose from {choices()}, or name a .json file of your own."
        )
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
        if len(data) > _MAX_FILE:
            raise SchemeUnknownError(f"The scheme file {name} is over {_MAX_FILE} bytes.")
        document = json.loads(data.decode("utf-8-sig"))
    except OSError as err:
        raise SchemeUnknownError(f"The scheme file {name} could not be read: {err.strerror}.") from err
    except (ValueError, RecursionError) as err:
        raise SchemeUnknownError(f"The scheme file {name} is not JSON: {err}.") from err
    scheme = parse_scheme(document, where=name)
    if scheme.id in built_in():
        raise SchemeUnknownError(f"{name}: the id {scheme.id!r} is a built-in scheme's.", hint="Give yours another id.")
    return scheme


def parse_scheme(document: object, *, where: str) -> Scheme:
    """Check a scheme document; raises SchemeUnknownError naming the file, the place and what was expected."""

    def wrong(what: str) -> SchemeUnknownError:
        return SchemeUnknownError(f"The scheme file {where}: {what}.", hint="See docs/howto/category-schemes.md.")

    if not isinstance(document, dict) or not document.keys() >= _KEYS:
        raise wrong("needs an object with the keys " + ", ".join(sorted(_KEYS)))
    for key in ("id", "version", "country"):
        if not isinstance(document[key], str) or len(document[key]) > 64:
            raise wrong(f"{key!r} is text of at most 64 characters")
    if not document["id"] or set(document["id"]) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise wrong("'id' holds lower-case letters, digits and hyphens only")
    rows = document["codes"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= 1000:
        raise wrong("'codes' is a list of 1 to 1000 codes")
    codes: list[Code] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        code, problem = _parse_code(row)
        if code is None:
            raise wrong(f"code {number}: {problem}")
        names = {name.casefold() for name in (code.code, *code.aliases)}
        if names & seen:
            raise wrong(f"code {number}: {code.code!r} or an alias of it stands there twice")
        seen |= names
        codes.append(code)
    return Scheme(id=document["id"], version=document["version"], country=document["country"], codes=tuple(codes))


def _parse_code(row: object) -> tuple[Code | None, str]:
    """One row of a scheme document: the code, or what is wrong with it."""
    if not isinstance(row, dict):
        return None, "is no object"
    code, label, rank = row.get("code"), row.get("label"), row.get("severity_rank")
    if not isinstance(code, str) or not 0 < len(code) <= 64:
        return None, "'code' is text of 1 to 64 characters (write \"1\", not 1)"
    if not isinstance(label, str):
        return None, "'label' is text"
    if not isinstance(rank, int) or isinstance(rank, bool) or not 0 <= rank <= 1000:
        return None, "'severity_rank' is a whole number from 0 to 1000"
    try:
        status = LegalStatus(str(row.get("legal_status")))
    except ValueError:
        return None, "'legal_status' is one of " + ", ".join(LegalStatus)
    aliases = row.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(name, str) for name in aliases):
        return None, "'aliases' is a list of texts"
    return Code(code=code, label=label, severity_rank=rank, legal_status=status, aliases=tuple(aliases)), ""


def disposition(entry: Entry, schemes: Mapping[str, Scheme]) -> Disposition:
    """What a lookup does with `entry`: withdrawn and negative outrank the category, and no category is silent.

    Raises SchemeUnknownError when the entry's scheme or code is not in `schemes`.
    """
    category = check_category(entry.category, schemes)
    if entry.withdrawn is not None:
        return Disposition.WITHDRAWN
    if entry.opinion is Opinion.NEGATIVE:
        return Disposition.NEGATIVE
    return category


def check_category(category: Category | None, schemes: Mapping[str, Scheme]) -> Disposition:
    """The disposition of a category alone; raises SchemeUnknownError when `schemes` do not know it."""
    if category is None:
        return Disposition.UNCATEGORISED
    scheme = schemes.get(category.scheme)
    if scheme is None:
        raise SchemeUnknownError(f"There is no category scheme {category.scheme[:64]!r}.")
    code = scheme.find(category.code)
    if code is None or code.code != category.code:
        raise SchemeUnknownError(f"The scheme {scheme.id} has no code {category.code[:64]!r}.")
    return code.disposition
