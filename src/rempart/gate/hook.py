"""The gate's two questions for programs that import photos and render pictures: one call each.

    from rempart.gate.hook import Hook

    with Hook("http://127.0.0.1:8600", key, generator="Atelier 2.1") as gate:
        texture = gate.imported(data, user="seat-3")            # raises PictureRefusedError: do not use it
        picture = gate.rendered(image, references=[texture])    # give out picture.data, not image

Whatever is raised means no: PictureRefusedError that it may not be used, everything else that nobody could look.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx

from rempart.gate.keeper import Cleared, Made, PictureRefusedError
from rempart.gate.service import (
    Label,
    Question,
    about_output,
    about_reference,
    cleared_of,
    made_of,
    options,
    unreachable,
)

__all__ = ["Cleared", "Hook", "Made", "PictureRefusedError"]


class Hook:
    """Asks a Rempart server; its key has the scope `generator`. Safe to share between threads; close it, or use it as
    a context manager. Both calls take as long as `seconds` at most and are tried once."""

    def __init__(
        self, url: str, key: str, *, generator: str = "", stamped: bool = True, seconds: float = 30.0
    ) -> None:  # fmt: skip
        self._label = Label(generator=generator, stamped=stamped)
        self._client = httpx.Client(**options(url, key, seconds=seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def imported(self, data: bytes, *, user: str | None = None) -> Cleared:
        """May the program use this photo? Raises what stands in `Keeper`; whatever it is, the photo is not used."""
        return cleared_of(self._ask(about_reference(data, user=user)))

    def rendered(
        self, data: bytes, *, references: Sequence[Cleared] = (), edited: bool = False, user: str | None = None
    ) -> Made:
        """May this picture leave the program? Give out what comes back. Raises what stands in `Keeper`."""
        label = Label(generator=self._label.generator, edited=edited, stamped=self._label.stamped)
        return made_of(self._ask(about_output(data, user=user, references=references, label=label)), data, label)

    def _ask(self, question: Question) -> httpx.Response:
        try:
            return self._client.post(
                question.path, content=question.content, headers=dict(question.headers), params=list(question.params)
            )
        except httpx.HTTPError as err:
            raise unreachable(err) from err
