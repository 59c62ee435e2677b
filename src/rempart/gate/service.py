"""The gate's two questions as a Rempart server is asked them (docs/howto/gate.md), and what its answers mean.

Each is asked once: what cannot be asked is not known, and whoever asks again counts as another try of that person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx

from rempart.errors import (
    RefusedError,
    RequestRefusedError,
    ServerAnswerError,
    ServerUnreachableError,
    TooManyRequestsError,
)
from rempart.gate.keeper import Cleared, Made, PictureRefusedError
from rempart.gate.tls import tls_for
from rempart.signals.mediatype import HEAD_BYTES, sniff

MOST_USER = 256
_MOST_GENERATOR = 200
_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
_NOT_TAKEN, _TOO_MANY = frozenset({413, 415, 422}), 429
_KEY = (401, 403)
_KEY_HINT = "Use a key of the scope `generator` that is still good."
_LONGEST_PAUSE = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request to the service, for httpx."""

    path: str
    content: bytes
    headers: Mapping[str, str]
    params: Sequence[tuple[str, str]] = field(default_factory=tuple)


def about_reference(data: bytes, *, user: str | None) -> Question:
    """May this picture be used as a reference?"""
    return Question(path="/v1/gate/reference", content=data, headers=_headers(user))


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a picture is to say of itself. Without `stamped` it is only checked, and given out as it was made."""

    generator: str = ""
    edited: bool = False
    stamped: bool = True


def about_output(data: bytes, *, user: str | None, references: Sequence[Cleared], label: Label) -> Question:
    """May this picture, made from these references, be given out?"""
    params = [("reference", one.check) for one in references]
    if label.generator:
        params.append(("generator", label.generator[:_MOST_GENERATOR]))
    params += [("edited", "true")] * label.edited + [("stamp", "false")] * (not label.stamped)
    return Question(path="/v1/gate/output", content=data, headers=_headers(user), params=params)


def cleared_of(answer: httpx.Response) -> Cleared:
    """What the service says of a reference. Raises what stands in `Keeper`."""
    told = _verdict(answer)
    return Cleared(check=_text(told, "gate"))


def made_of(answer: httpx.Response, data: bytes, label: Label) -> Made:
    """What the service says of an output, and the picture to give out. Raises what stands in `Keeper`."""
    if not label.stamped:
        _text(_verdict(answer), "gate")
        return Made(data=data, media_type=sniff(data[:HEAD_BYTES]) or "application/octet-stream")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code == httpx.codes.OK and media_type in _PICTURES:
        if not answer.content or "rempart-gate" not in answer.headers:
            raise ServerAnswerError
        return Made(data=answer.content, media_type=media_type, record=answer.headers.get("rempart-record"))
    _verdict(answer)
    raise ServerAnswerError  # allowed, and no picture: not what was asked for


def unreachable(err: httpx.HTTPError) -> ServerUnreachableError:
    """The service could not be asked."""
    return ServerUnreachableError(f"Rempart could not be reached: {type(err).__name__}.")


def options(url: str, key: str, *, seconds: float) -> dict[str, Any]:
    """How httpx reaches the service. Raises RefusedError for an address that is none."""
    if not url.startswith(("http://", "https://")):
        raise RefusedError("The address of Rempart begins with http:// or https://.")
    if not key:
        raise RefusedError("There is no key for Rempart.", hint="Give one with the scope `generator`.")
    return {
        "base_url": url, "headers": {"Authorization": f"Bearer {key}", "User-Agent": "rempart-gate"},
        "timeout": seconds, "trust_env": False, "follow_redirects": False,
        "verify": tls_for(url),
    }  # fmt: skip


class ServiceKeeper:
    """A `Keeper` that asks a Rempart server. Its key has the scope `generator`."""

    def __init__(
        self, url: str, key: str, *, generator: str = "", stamped: bool = True, seconds: float = 30.0
    ) -> None:  # fmt: skip
        self._options, self._label = options(url, key, seconds=seconds), Label(generator=generator, stamped=stamped)

    async def reference(self, data: bytes, *, user: str | None) -> Cleared:
        """May this picture be used as a reference by this end user?"""
        return cleared_of(await self._ask(about_reference(data, user=user)))

    async def output(
        self, data: bytes, *, user: str | None, references: Sequence[Cleared], edited: bool
    ) -> Made:  # fmt: skip
        """May this picture be given out?"""
        label = replace(self._label, edited=edited)
        question = about_output(data, user=user, references=references, label=label)
        return made_of(await self._ask(question), data, label)

    async def _ask(self, question: Question) -> httpx.Response:
        try:
            async with httpx.AsyncClient(**self._options) as client:
                return await client.post(
                    question.path, content=question.content, headers=dict(question.headers),
                    params=list(question.params),
                )  # fmt: skip
        except httpx.HTTPError as err:
            raise unreachable(err) from err


def _headers(user: str | None) -> dict[str, str]:
    found = {"Content-Type": "application/octet-stream", "Accept-Encoding": "identity"}
    if user is not None:
        if not 0 < len(user) <= MOST_USER:
            raise RefusedError(f"An end user's reference has 1 to {MOST_USER} characters.")
        found["Rempart-End-User"] = quote(user, safe="")
    return found


def _verdict(answer: httpx.Response) -> Mapping[str, Any]:
    """The answer's JSON where it allows. Raises for everything else."""
    if answer.status_code in _NOT_TAKEN:  # too large, empty, of a kind that cannot be stamped
        raise PictureRefusedError(f"Rempart does not take this picture (status {answer.status_code}).")
    if answer.status_code == _TOO_MANY:
        raise TooManyRequestsError(retry_after=_pause(answer.headers.get("retry-after", "")))
    if answer.status_code in (408, 425) or answer.status_code >= 500:
        raise ServerUnreachableError(f"Rempart could not answer now (status {answer.status_code}).")
    if answer.status_code != httpx.codes.OK:
        code = answer.status_code
        raise RequestRefusedError(
            f"Rempart refused the question with status {code}.", hint=_KEY_HINT if code in _KEY else "", status=code
        )
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError) as err:
        raise ServerAnswerError from err
    verdict = told.get("verdict") if isinstance(told, dict) else None
    if verdict in ("block", "hold"):
        raise PictureRefusedError
    if verdict != "allow":
        raise ServerAnswerError
    found: Mapping[str, Any] = told
    return found


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ServerAnswerError
    return value


def _pause(text: str) -> float:
    return float(min(_LONGEST_PAUSE, max(1, int(text)))) if text.isdigit() and len(text) < 8 else 1.0
