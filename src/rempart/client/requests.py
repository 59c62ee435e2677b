"""Requests and what their answers mean, apart from how they are sent."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

import httpx

from rempart.client.answers import Answer, Verdict
from rempart.errors import RefusedError, RequestRefusedError, ServerUnreachableError

WhenUnreachable = Literal["hold", "block", "raise", "allow_unchecked"]
"""What a check answers when Rempart cannot be asked. `allow_unchecked` lets unchecked uploads through."""

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_VERDICTS = {"hold": Verdict.HOLD, "block": Verdict.BLOCK, "allow_unchecked": Verdict.ALLOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Digests and a PDQ hash in hexadecimal, for a check without the bytes."""

    sha256: str | None = None
    sha1: str | None = None
    md5: str | None = None
    pdq: str | None = None
    pdq_quality: int | None = None

    def document(self) -> dict[str, Any]:
        """As the server takes it."""
        every = {name: getattr(self, name) for name in ("sha256", "sha1", "md5", "pdq", "pdq_quality")}
        found = {name: value for name, value in every.items() if value is not None}
        if not found.keys() - {"pdq_quality"}:
            raise RefusedError("There is no signal.", hint="Give at least one of sha256, sha1, md5 and pdq.")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. A retry sends it unchanged, so that the server answers it once."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    wait: float = 0.0


def check_call(
    data: bytes,
    *,
    item_id: str,
    uploader: str | None,
    url: str | None,
    published: bool | None,
    context: Mapping[str, str | int | bool] | None,
    media_type: str,
    key: str | None,
) -> Call:
    """A check of bytes."""
    facts = {
        "item_id": item_id, "uploader": uploader, "url": url,
        "published": None if published is None else json.dumps(published),
        "context": None if not context else json.dumps(dict(context)),
    }  # fmt: skip
    return Call(
        method="POST", path="/v1/check", params={name: value for name, value in facts.items() if value is not None},
        headers=_headers(media_type, key), content=data,
    )  # fmt: skip


def signals_call(
    signals: Signals,
    *,
    item_id: str,
    uploader: str | None,
    url: str | None,
    published: bool | None,
    context: Mapping[str, str | int | bool] | None,
    key: str | None,
) -> Call:
    """A check by signals alone."""
    facts = {
        "item_id": item_id, "uploader": uploader, "url": url, "published": published, "context": context,
        "signals": signals.document(),
    }  # fmt: skip
    body = json.dumps({name: value for name, value in facts.items() if value is not None}).encode()
    return Call(method="POST", path="/v1/check", headers=_headers("application/json", key), content=body)


def item_path(item_id: str, more: str = "") -> str:
    """Where an item is."""
    return f"/v1/items/{quote(item_id, safe='')}{more}"


def confirm_path(decision_id: str) -> str:
    """Where a decision is confirmed."""
    return f"/v1/decisions/{quote(decision_id, safe='')}/confirm"


def reasons_call(after: int, limit: int) -> Call:
    """Statements of reasons after a number."""
    return Call(method="GET", path="/v1/reasons", params={"after": after, "limit": limit})


def reason_call(reason_id: str) -> Call:
    """One statement of reasons."""
    return Call(method="GET", path=f"/v1/reasons/{quote(reason_id, safe='')}")


def pause(attempt: int, retry_after: str | None) -> float:
    """Seconds until the next attempt (from 0 on): what the server asks for within reason, else ever longer."""
    own: float = min(_FIRST_PAUSE * 2.0**attempt, _LONGEST_PAUSE) * (0.5 + random.random())  # noqa: S311 - spreads retries
    if retry_after is not None and retry_after.isdigit() and len(retry_after) < 6:
        return max(own, min(float(retry_after), _LONGEST_PAUSE))
    return own


def refusal(answer: httpx.Response) -> RequestRefusedError:
    """The server's problem as an error."""
    try:
        told = answer.json()
        message, hint = str(told["detail"]), str(told.get("hint", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        message, hint = f"The server refused the request with status {answer.status_code}.", ""
    return RequestRefusedError(message, hint=hint, status=answer.status_code)


def unchecked(item_id: str, err: ServerUnreachableError, when: WhenUnreachable, *, outcome: str) -> Answer:
    """The client's own answer when the server gave none. Raises `err` where that was asked for."""
    verdict = _VERDICTS.get(when)
    if verdict is None:
        raise err
    return Answer(item_id=item_id, verdict=verdict, outcome=outcome, checked=False, problem=str(err))


def _headers(media_type: str, key: str | None) -> dict[str, str]:
    return {"Content-Type": media_type, "Idempotency-Key": key or secrets.token_urlsafe(18)}
