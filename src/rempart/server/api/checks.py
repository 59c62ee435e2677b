"""`POST /v1/check` and `/v1/check/batch`: is this upload known?"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from rempart.errors import NotPermittedError, RempartError
from rempart.intake.upload_values import CheckAnswer, CheckRequest
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import Access, Needs
from rempart.server.api import check_forms as forms
from rempart.server.bodies import body_of
from rempart.server.problems import ProblemError, documented, from_error
from rempart.server.questions import Question, batch_of, by_content, by_signals, key_of, read_question, with_facts
from rempart.server.service import Service, get_service
from rempart.server.waiting import lane_of, result_of

router = APIRouter(tags=["checks"])
PATH = "/v1/check"
MOST_JSON = 64 << 10
MOST_BATCH = 4 << 20
_JSON = "application/json"
_NOT_KEPT = {"Cache-Control": "no-store"}
_encode = msgspec.json.Encoder().encode


class NeedsCheck(Needs):
    """A check with bytes needs the permission `check`, one by signals alone `check.signals`."""

    def __init__(self, *, signals: bool = False) -> None:
        super().__init__(Permission.CHECK_SIGNALS if signals else Permission.CHECK, people=False, proved=False)
        self._by_signals = Needs(Permission.CHECK_SIGNALS, people=False, proved=False)

    async def __call__(self, request: Request) -> Principal:
        if self.permission is Permission.CHECK and kind_of(request) == _JSON:
            return await self._by_signals(request)
        return await super().__call__(request)


Asker = Annotated[Principal, Depends(NeedsCheck())]
SignalAsker = Annotated[Principal, Depends(NeedsCheck(signals=True))]
Serving = Annotated[Service, Depends(get_service)]


def kind_of(request: Request) -> str:
    """The media type that a body is said to have."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


@router.post(
    PATH,
    response_class=Response,
    responses={200: forms.ANSWER, **documented(409, 424)},
    openapi_extra={"requestBody": forms.CHECK_BODY, "parameters": forms.CHECK_PARAMETERS},
    summary="Check one upload",
)
async def check(request: Request, who: Asker, service: Serving) -> Response:
    """Is it known? Bytes as the raw body or in a multipart form, or JSON with signals alone.

    The answer is given when it is durable. A retry with the same `Idempotency-Key` and body has the same answer.
    """
    kind, key = kind_of(request), key_of(request)
    settings = service.settings.server
    if kind == _JSON:
        async with body_of(request, service.bodies, most=MOST_JSON, seconds=settings.body_seconds) as data:
            told = read_question(data)
        if told.fetch:
            return await _fetched(request, service, told, who, key)
        asked = by_signals(told, who=who, key=key)
        await _spend(request, who, 1)
        return answered(await _answer(service, asked, "signals"), who)
    if not forms.takes(kind):
        raise ProblemError(
            415,
            f"A check has no body of the type {kind[:60]!r}." if kind else "The request has no Content-Type.",
            hint="Send image/*, video/*, application/octet-stream, multipart/form-data, or JSON with signals.",
            close=True,
        )
    async with body_of(request, service.bodies, most=settings.body_bytes, seconds=settings.body_seconds) as data:
        asked = by_content(request, data, kind=kind, who=who, key=key)
        del data
        return answered(await _answer(service, asked, "photo"), who)


@router.post(
    "/v1/check/batch",
    response_class=Response,
    responses={200: forms.BATCH_ANSWER},
    openapi_extra={"requestBody": forms.BATCH_BODY, "parameters": forms.BATCH_PARAMETERS},
    summary="Check many items by their signals",
)
async def check_batch(request: Request, who: SignalAsker, service: Serving) -> Response:
    """Up to 1,000 checks by signals; each has its own answer or its own problem, in the order of the request."""
    if kind_of(request) != _JSON:
        raise ProblemError(415, "A batch is JSON.", hint="Send it with Content-Type: application/json.", close=True)
    key, seconds = key_of(request), service.settings.server.body_seconds
    async with body_of(request, service.bodies, most=MOST_BATCH, seconds=seconds) as data:
        checks = batch_of(data)
        await _spend(request, who, len(checks))
        results = await asyncio.gather(
            *(_one_of_batch(service, raw, who, None if key is None else _nth(key, n)) for n, raw in enumerate(checks))
        )
    return Response(_encode({"results": results}), media_type=_JSON)


async def _fetched(request: Request, service: Service, told: Question, who: Principal, key: bytes | None) -> Response:
    """A check of the bytes behind the item's url, if the operator listed its origin."""
    if not who.may(Permission.CHECK):
        raise NotPermittedError("This key may not do this (check).", hint="Use a key with the scope `check`.")
    asked = with_facts(told, who=who, key=key)
    with service.bodies.share() as share:
        lane = lane_of(request.app, "fetches", threads=8, waiting=24)
        content = await lane.run(partial(service.fetcher.fetch, asked.url or "", share))
        if not content:
            raise ProblemError(424, "url: There are no bytes behind it.", hint="Send the bytes.", slug="fetch-failed")
        return answered(await _answer(service, replace(asked, content=content), "photo"), who)


async def _one_of_batch(service: Service, raw: msgspec.Raw, who: Principal, key: bytes | None) -> Mapping[str, Any]:
    try:
        return shown(await _answer(service, by_signals(_of_batch(raw), who=who, key=key), "signals"), who)
    except RempartError as err:
        return {"problem": msgspec.Raw(bytes(from_error(err).body))}


def _of_batch(raw: msgspec.Raw) -> Question:
    told = read_question(raw)
    if told.fetch:
        raise ProblemError(422, "fetch: A batch holds signals only.", hint="Ask for one url at a time.", slug="invalid")
    return told


async def _answer(service: Service, asked: CheckRequest, form: str) -> CheckAnswer:
    began = time.monotonic()
    try:
        answer = await result_of(service.checker.submit(asked))
    except Exception as err:
        service.meters.failed(type(err).__name__)
        raise
    service.meters.answered(form, answer.outcome, answer.verdict.value, time.monotonic() - began)
    return answer


async def _spend(request: Request, who: Principal, count: int) -> None:
    access: Access = request.app.state.access
    await access.spend_signals(who, count)


def shown(answer: CheckAnswer, who: Principal) -> dict[str, Any]:
    """An answer as its asker may see it: five fields, and case and matches for analysts."""
    fields: dict[str, Any] = {
        "item_id": answer.item_id, "verdict": answer.verdict.value, "outcome": answer.outcome,
        "request_id": answer.request_id, "origin": answer.origin,
    }  # fmt: skip
    if who.may(Permission.CHECK_DETAILS):
        fields |= {"case": answer.case, "matches": answer.matches}
    return fields


def answered(answer: CheckAnswer, who: Principal) -> Response:
    """The response with an answer."""
    return Response(_encode(shown(answer, who)), media_type=_JSON, headers=_NOT_KEPT)


def _nth(key: bytes, place: int) -> bytes:
    return hashlib.sha256(key + place.to_bytes(4)).digest()
