"""Several at once: each goes by itself, so that what is done is done, and each is told what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from rempart.errors import RefusedError, RempartError


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """What became of one of those that were chosen; `why` and `what_next` in English where nothing was done."""

    id: str
    why: str = ""
    what_next: str = ""

    @property
    def done(self) -> bool:
        return not self.why


def chosen(form: FormData, name: str, *, most: int) -> tuple[str, ...]:
    """The ids that were ticked, each once. Raises RefusedError for none and for more than a page has."""
    found = tuple(dict.fromkeys(one for one in form.getlist(name) if isinstance(one, str) and one))
    if not 0 < len(found) <= most:
        raise RefusedError("Nothing was chosen.", hint=f"Tick from 1 to {most} rows.")
    return found


def each(ids: Sequence[str], act: Callable[[str], object]) -> tuple[Became, ...]:
    """Do it with each of them in turn; what one is refused for stops no other. `act` has a transaction for each."""
    found = []
    for one in ids:
        try:
            act(one)
            found.append(Became(id=one))
        except RempartError as err:
            found.append(Became(id=one, why=err.message, what_next=err.hint))
    return tuple(found)
