"""A picture on its way out of a generator: looked at, held against everything, stamped, and only then given back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rempart.errors import UnavailableError
from rempart.intake.generator.gating import Passing, Told
from rempart.intake.generator.values import Passage
from rempart.people.principal import Principal
from rempart.server.outputcheck import checker_of
from rempart.server.service import Service
from rempart.signals.examine import Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """An output as its service sends it. `references` are the ids of the records of what it was made from, of which
    the first was `edited`, where it says so; `generator` is what made it."""

    content: bytes
    by: Principal
    service: str
    end_user: str | None = None
    references: tuple[str, ...] | list[str] = ()
    generator: str | None = None
    edited: bool = False
    stamped: bool = True


def take_out(service: Service, going: Going) -> Told:
    """What becomes of it. Raises RefusedError for references that are not good, UnavailableError when something could
    not be asked: it goes nowhere then."""
    references = service.gate.references(going.references, service=going.service)
    if going.stamped:
        raise UnavailableError("Pictures cannot be stamped here.", hint="Ask with stamp=false.")
    seen = service.checker.examined_now(going.content)
    passing = Passing(
        passage=Passage.OUTPUT, by=going.by, service=going.service, content=going.content, seen=seen,
        end_user=going.end_user, references=references,
    )  # fmt: skip
    return service.gate.pass_on(passing, passes=_passes(service, going.content, seen))


def _passes(service: Service, content: bytes, seen: Examination) -> Callable[[], bool] | None:
    checker = checker_of(service.settings.gate)
    if checker is None:
        return None
    return lambda: checker.passes(content, seen.media_type or "application/octet-stream")
