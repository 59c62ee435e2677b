"""From the answers to a notice, and from the laws in force to what people are told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rempart.deadlines.regimes import OWN, Applied, Element, Regime, in_force, regimes
from rempart.intake.notices.values import Answer, Location, NoticeForm, Role
from rempart.server.pages.notice.answers import Answers
from rempart.server.pages.notice.contexts import Law

HOURS = regimes()[OWN].hours or 48
"""The service's own time limit."""
WHYS = frozenset({"not_intimate", "not_subject", "consent", "not_found", "other"})
"""Why something stays: categories that are told in words."""
_CONTACTING = (Element.CONTACT, Element.NAME, Element.SIGNATURE)


def notice_of(answers: Answers) -> NoticeForm:
    """The notice that the answers make. Raises RefusedError."""
    said = answers.kept()
    return NoticeForm(
        language=said.language, role=Role(said.role), minor=Answer(said.minor or Answer.NO),
        locations=tuple(Location(url=url, note=said.note) for url in said.where.split("\n")),
        explanation=said.explanation, good_faith=said.good_faith, accurate=said.accurate, intimate=said.intimate,
        signature=said.signature, name=said.name, contact=said.contact,
        synthetic=Answer(said.synthetic) if said.synthetic else None, insider=said.insider, signals=said.signals,
    )  # fmt: skip


def laws(applied: Iterable[Applied], language: str, *, short: bool) -> tuple[Law, ...]:
    """How the laws in force stand to a notice, but for the service's own promise and those that its sender cannot
    invoke. On a `short` way nothing is said to be missing that nobody was asked for."""
    return tuple(
        Law(title=one.regime.title(language), missing=tuple(part.value for part in one.missing))
        for one in applied
        if one.regime.id != OWN and not one.barred and not (short and one.missing)
    )


def asking(on: Sequence[str], role: str, language: str) -> Mapping[str, str]:
    """Which laws ask somebody in this role for a name, a way to reach them, a signature: their titles, by element."""
    found = {part.value: [one.title(language) for one in _open_to(on, role) if part in one.elements]
             for part in _CONTACTING}  # fmt: skip
    return {name: ", ".join(titles) for name, titles in found.items() if titles}


def _open_to(on: Sequence[str], role: str) -> list[Regime]:
    return [one for one in in_force(on) if one.id != OWN and (not one.roles or role in one.roles)]
