"""Which authority takes what in which country: a table, and no legal advice.

Each row says for whom it is, what class of recipient the authority is (which decides what it may be given), whether one
registers first, whether a law asks for the report, and which other authority's report already counts. A country that
stands in no row has the rows of any country, and nothing is claimed about its law.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from rempart.reports.orders.values import RecipientClass
from rempart.reports.referrals.values import Part, may_receive

ANY = "*"


class Duty(StrEnum):
    """When a law asks for the report, as far as the table knows."""

    ALWAYS = "always"
    DANGER = "danger"  # where a life or somebody's safety is threatened
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One row. `channel` is `report` where Rempart files by itself, else `package`. `regime` is the duty to keep what
    was handed over (`vault.regimes`), empty where the table knows none. `name`, `text` and
    `source` are by language."""

    id: str
    countries: tuple[str, ...]
    name: Mapping[str, str]
    kind: RecipientClass
    channel: str
    duty: Duty
    regime: str
    registration: bool
    counted_by: tuple[str, ...]
    text: Mapping[str, str]
    source: Mapping[str, str]

    @property
    def receives(self) -> frozenset[Part]:
        """What it may be given at most."""
        return may_receive([self.kind])


@cache
def table() -> tuple[Authority, ...]:
    """All rows, in the order in which they are to be asked."""
    text = (resources.files("rempart.reports.referrals") / "authorities.json").read_text("utf-8")
    return tuple(
        Authority(
            id=row["id"], countries=tuple(row["countries"]), name=row["name"], kind=RecipientClass(row["class"]),
            channel=row["channel"], duty=Duty(row["duty"]), regime=row["regime"], registration=row["registration"],
            counted_by=tuple(row["counted_by"]), text=row["text"], source=row["source"],
        )
        for row in json.loads(text)
    )  # fmt: skip


def of_country(country: str) -> tuple[Authority, ...]:
    """The rows of a country. Where none is about its police, those of any country stand for what is missing."""
    own = [one for one in table() if country and country != ANY and country in one.countries]
    kinds = {RecipientClass.POLICE if one.kind is RecipientClass.NCMEC else one.kind for one in own}
    return (*own, *(one for one in table() if ANY in one.countries and one.kind not in kinds))


def find(authority: str) -> Authority | None:
    """The row of this id."""
    return next((one for one in table() if one.id == authority), None)
