"""Asking the transparency database over HTTP: filing a batch, and whether it has a statement already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from rempart import __version__
from rempart.errors import FilingRefusedError, RempartError, UnavailableError

MOST = 100
"""Statements in one batch."""
SECONDS = 30.0
_LARGEST = 4 << 20
_KEY = re.compile(r"statement_(\d{1,3})")
_CREATED, _FOUND, _NOT_FOUND, _WRONG = 201, 302, 404, 422
_REFUSED = frozenset({400, 401, 403, 405, 413})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of a batch. With `wrong` nothing of it was taken: by place in the batch, what is wrong by field."""

    taken: bool
    wrong: Mapping[int, Mapping[str, Sequence[str]]] = field(default_factory=dict)


class Database:
    """The database at a base address that ends before `/statement`, as a context manager.

    Raises UnavailableError when it does not answer, or not as documented: then a batch may have arrived or not; and
    FilingRefusedError for a token or an address that is not right: then it has not.
    """

    def __init__(self, url: str, token: str, *, seconds: float = SECONDS) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"), timeout=seconds, follow_redirects=False, trust_env=False,
            headers={
                "Authorization": f"Bearer {token}", "Accept": "application/json",
                "User-Agent": f"rempart/{__version__}",
            },
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def has(self, puid: str) -> bool:
        """Whether the database has a statement of ours with this puid."""
        answer = self._asked("GET", f"/statement/existing-puid/{puid}")
        if answer.status_code in (_FOUND, _NOT_FOUND):
            return answer.status_code == _FOUND
        raise self._failed(answer)

    def file(self, payloads: Sequence[Mapping[str, Any]]) -> Filed:
        """Send a batch: all of it is taken, or nothing."""
        answer = self._asked("POST", "/statements", {"statements": [dict(one) for one in payloads]})
        if answer.status_code == _CREATED:
            return Filed(taken=True)
        if answer.status_code == _WRONG:
            return self._wrong(answer, len(payloads))
        raise self._failed(answer)

    def _asked(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            with self._http.stream(method, path, json=body) as answer:
                read = bytearray()
                for part in answer.iter_bytes():
                    read += part
                    if len(read) > _LARGEST:
                        raise UnavailableError("The transparency database's answer is too long.")
        except httpx.HTTPError as err:
            raise UnavailableError(f"The transparency database did not answer ({type(err).__name__}).") from err
        return httpx.Response(answer.status_code, content=bytes(read))

    def _failed(self, answer: httpx.Response) -> RempartError:
        text = f"The transparency database answered with status {answer.status_code}."
        return FilingRefusedError(text) if answer.status_code in _REFUSED else UnavailableError(text)

    def _wrong(self, answer: httpx.Response, size: int) -> Filed:
        try:
            errors = answer.json()["errors"]
            wrong: dict[int, Mapping[str, Sequence[str]]] = {}
            for key, told in errors.items():
                place = _KEY.fullmatch(key)
                if place is None or int(place.group(1)) >= size:
                    raise ValueError(key)
                wrong[int(place.group(1))] = _texts(told)
        except (ValueError, KeyError, TypeError, AttributeError) as err:
            raise UnavailableError("The transparency database refused a batch and did not say why.") from err
        if not wrong:
            raise UnavailableError("The transparency database refused a batch and did not say why.")
        return Filed(taken=False, wrong=wrong)


def _texts(told: Any) -> Mapping[str, Sequence[str]]:
    return {
        str(name)[:60]: [str(one)[:200] for one in (said if isinstance(said, list) else [said])][:5]
        for name, said in dict(told).items()
    }
