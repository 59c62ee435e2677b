"""A picture on its way out of a generator: looked at, held against everything, stamped, and only then given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rempart.errors import RefusedError
from rempart.intake.generator.gating import Passing, Told
from rempart.intake.generator.stamping import Asked, Marked, Stamped, mark, references, sign
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
    references: Sequence[str] = ()
    generator: str | None = None
    edited: bool = False
    stamped: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What became of it: the verdict, and with an allow what leaves, where it was to be stamped."""

    told: Told
    stamped: Stamped | None = None


def take_out(service: Service, going: Going) -> Gone:
    """What becomes of it.

    1. The references have to be good. 2. It is decoded once: labelled and marked, and looked at as it came.
    3. Lists, protected photos, the operator's own checker. 4. What passes is recorded, signed, and leaves.

    Raises RefusedError for references that are not good and for pictures that nothing speaks against and that cannot
    be stamped; UnavailableError when something could not be asked: it goes nowhere then.
    """
    made_from = service.gate.references(going.references, service=going.service)
    asked = Asked(
        edited=going.edited, system=going.generator, references=references(len(made_from), edited=going.edited)
    )
    marked, seen, trouble = _looked_at(service, going, asked)
    passing = Passing(
        passage=Passage.OUTPUT, by=going.by, service=going.service, content=going.content, seen=seen,
        end_user=going.end_user, references=made_from,
    )  # fmt: skip
    told = service.gate.pass_on(passing, passes=_passes(service, going.content, seen, trouble))
    if marked is None or told.record is None:
        return Gone(told=told)
    asked = replace(asked, gate=told.record)
    return Gone(told=told, stamped=sign(marked, asked=asked, stamper=service.stamper, by=going.by.id))


def _looked_at(
    service: Service, going: Going, asked: Asked
) -> tuple[Marked | None, Examination, RefusedError | None]:  # fmt: skip
    """The marked picture, if it is to be stamped and can be; what it was before; and why it cannot be."""
    trouble = None
    if going.stamped:
        try:
            probe_set = service.settings.check.probe_set
            marked = mark(going.content, asked=asked, stamper=service.stamper, probe_set=probe_set)
            return marked, marked.examination, None
        except RefusedError as err:
            trouble = err
    return None, service.checker.examined_now(going.content, whole=True), trouble


def _passes(
    service: Service, content: bytes, seen: Examination, trouble: RefusedError | None
) -> Callable[[], bool] | None:  # fmt: skip
    """What is asked when nothing speaks against a picture: why it cannot be stamped, then the operator's checker."""
    checker = checker_of(service.settings.gate)
    if trouble is None and checker is None:
        return None

    def asked() -> bool:
        if trouble is not None:
            raise trouble
        return checker is None or checker.passes(content, seen.media_type or "application/octet-stream")

    return asked
