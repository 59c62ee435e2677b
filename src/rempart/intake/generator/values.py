"""What the gate in front of a generator says of a picture, and what it remembers of having said so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

ASSERTION = "org.rempart.gate"
"""The label of the assertion that carries a gate record inside signed credentials."""


class Passage(StrEnum):
    """What passes through the gate: a photo that somebody brings, or a picture that the generator made."""

    REFERENCE = "reference"
    OUTPUT = "output"


class Check(StrEnum):
    """One thing that a picture was held against."""

    LISTS = "lists"
    PROTECTED = "protected"
    PARTIAL = "partial"
    OUTPUT_CHECKER = "output_checker"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRecord:
    """That a picture was let through: what it was held against, in which state that was, and when.

    Only what was let through has one. `lists` and `protected` are the numbers of the last changes that the check knew
    of, `policy` is the version in force; they say which state, and nothing of what it held. `references` are the
    records of the reference photos that an output was made from, without their own references. A record holds no
    digest, no name and no words of anybody.
    """

    id: str
    passage: Passage
    service: str
    at: datetime
    lists: int
    protected: int
    policy: int
    checks: tuple[Check, ...]
    references: tuple[GateRecord, ...] = ()

    def assertion(self) -> dict[str, Any]:
        """The record as it is signed into credentials (label `ASSERTION`): anybody may read it there."""
        told: dict[str, Any] = {
            "record": self.id, "passage": self.passage.value, "result": "allow", "at": self.at.isoformat(),
            "lists": self.lists, "protected": self.protected, "policy": self.policy,
            "checks": [one.value for one in self.checks],
        }  # fmt: skip
        if self.passage is Passage.OUTPUT:
            told["references"] = [one.assertion() for one in self.references]
        return told

    def document(self) -> dict[str, Any]:
        """The record as JSON-able data, for `from_document`."""
        return {**self.assertion(), "service": self.service}

    @classmethod
    def from_document(cls, told: Mapping[str, Any]) -> GateRecord:
        """Read `document`'s form. Raises KeyError or ValueError for anything else."""
        service = str(told["service"])
        return cls(
            id=str(told["record"]), passage=Passage(told["passage"]), service=service,
            at=datetime.fromisoformat(told["at"]), lists=int(told["lists"]), protected=int(told["protected"]),
            policy=int(told["policy"]), checks=tuple(Check(one) for one in told["checks"]),
            references=tuple(cls.from_document({**one, "service": service}) for one in told.get("references", ())),
        )  # fmt: skip
