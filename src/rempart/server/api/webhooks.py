"""`/v1/webhooks`: where a service is told of decisions, and what became of each message."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from rempart.cases import webhooks
from rempart.cases.records import webhooks as records
from rempart.cases.records.webhooks import Endpoint
from rempart.clock import iso
from rempart.errors import RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.forms import ID_PATTERN, Form, Shown, Text, form_of, known_id, takes
from rempart.server.service import Service, get_service
from rempart.server.targets import MOST_CHARACTERS, check_target

router = APIRouter(tags=["webhooks"])
Manager = Annotated[Principal, Depends(needs(Permission.WEBHOOKS_MANAGE, people=True, proved=True))]
Reader = Annotated[Principal, Depends(needs(Permission.WEBHOOKS_MANAGE, people=True))]
Serving = Annotated[Service, Depends(get_service)]


class NewWebhook(Form):
    """An https address, or http to the machine that Rempart runs on. A person names the service; a key has one."""

    url: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
    service: Annotated[Text, Field(min_length=1, max_length=200)] | None = None


class Change(Form):
    """Whether messages are sent."""

    enabled: bool


class Rotate(Form):
    """For how many hours messages are signed with the old secret too; 0 ends it at once."""

    overlap_hours: Annotated[float, Field(ge=0, le=720)] = 24


class Replay(Form):
    """Send again what was decided after this number."""

    after: Annotated[int, Field(ge=0, le=2**62)]


class WebhookShown(Shown):
    """An endpoint. `why` says why it is disabled."""

    id: str
    service: str
    url: str
    state: str
    why: str | None
    created: str


class WebhookMade(WebhookShown):
    """A new endpoint with its secret, which is shown this once."""

    secret: str


class SecretShown(Shown):
    """A new secret, shown this once."""

    secret: str


class WebhookList(Shown):
    """All endpoints of a service."""

    webhooks: list[WebhookShown]


class Replayed(Shown):
    """How many messages were put on their way, and the number to go on after when there are more."""

    count: int
    next: int | None


class MessageShown(Shown):
    """A message: `waiting`, `delivered` or `given_up`, and every attempt."""

    id: str
    decision: str
    state: str
    created: str
    attempts: list[dict[str, Any]]


class Messages(Shown):
    """An endpoint's messages, the youngest first; ask again `before` the last one's id."""

    messages: list[MessageShown]
    more: bool


@router.post("/v1/webhooks", status_code=201, summary="Add a webhook", openapi_extra=takes(NewWebhook))
async def add(request: Request, who: Manager, service: Serving) -> WebhookMade:
    """Have decisions sent to an address. Keep the secret: it is not shown again."""
    asked = await form_of(request, service, NewWebhook)
    check_target(asked.url)
    return await run_in_threadpool(_add, service, who, asked)


@router.get("/v1/webhooks", summary="Webhooks")
def webhook_list(who: Reader, service: Serving) -> WebhookList:
    """The service's own webhooks; all of them for a person."""
    with service.store.read() as conn:
        found = records.endpoints(conn, service=_own(who))
    return WebhookList(webhooks=[WebhookShown(**_facts(row)) for row in found])


@router.get("/v1/webhooks/{webhook_id}", summary="A webhook")
def webhook(webhook_id: str, who: Reader, service: Serving) -> WebhookShown:
    """Where it leads and whether messages are sent."""
    with service.store.read() as conn:
        return WebhookShown(**_facts(webhooks.own_endpoint(conn, known_id(webhook_id), by=who)))


@router.patch("/v1/webhooks/{webhook_id}", summary="Enable or disable a webhook", openapi_extra=takes(Change))
async def change(webhook_id: str, request: Request, who: Manager, service: Serving) -> WebhookShown:
    """What it misses while it is disabled can be replayed."""
    asked = await form_of(request, service, Change)
    return await run_in_threadpool(_change, service, who, known_id(webhook_id), asked.enabled)


@router.delete("/v1/webhooks/{webhook_id}", status_code=204, summary="Delete a webhook")
def delete(webhook_id: str, who: Manager, service: Serving) -> None:
    """Its secrets are deleted, and what was on its way is dropped."""
    with service.store.write() as conn:
        webhooks.remove(conn, known_id(webhook_id), by=who, at=service.clock())


@router.post("/v1/webhooks/{webhook_id}/rotate", summary="A new secret", openapi_extra=takes(Rotate))
async def rotate(webhook_id: str, request: Request, who: Manager, service: Serving) -> SecretShown:
    """Messages are signed with the old and the new secret until the overlap ends."""
    asked = await form_of(request, service, Rotate)
    return await run_in_threadpool(_rotate, service, who, known_id(webhook_id), timedelta(hours=asked.overlap_hours))


@router.post("/v1/webhooks/{webhook_id}/replay", summary="Send again", openapi_extra=takes(Replay))
async def replay(webhook_id: str, request: Request, who: Manager, service: Serving) -> Replayed:
    """Send what was decided after a number again, delivered or not. Messages keep their ids."""
    asked = await form_of(request, service, Replay)
    return await run_in_threadpool(_replay, service, who, known_id(webhook_id), asked.after)


@router.get("/v1/webhooks/{webhook_id}/messages", summary="What became of its messages")
def messages(
    webhook_id: str,
    who: Reader,
    service: Serving,
    before: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Messages:
    """Each message with its attempts: when, the status or what went wrong, and how long it took."""
    with service.store.read() as conn:
        row = webhooks.own_endpoint(conn, known_id(webhook_id), by=who)
        found = records.messages_of(conn, row.id, most=limit + 1, before=before)
        shown = [
            MessageShown(
                id=one.id, decision=one.decision, state=one.state, created=iso(one.created),
                attempts=[_attempt(attempt) for attempt in records.attempts_of(conn, one.id)],
            )
            for one in found[:limit]
        ]  # fmt: skip
    return Messages(messages=shown, more=len(found) > limit)


def _add(service: Service, who: Principal, asked: NewWebhook) -> WebhookMade:
    own = _own(who)
    if own is None and asked.service is None:
        raise RefusedError("service: a person names the service that is told.", hint="Add `service`.")
    if own is not None and asked.service not in (None, own):
        raise RefusedError("service: a key manages the webhooks of its own service only.", hint="Leave it out.")
    name = own or asked.service or ""
    with service.store.write() as conn:
        row, secret = webhooks.add_endpoint(
            conn, service=name, url=asked.url, keyring=service.vault.keyring, by=who, at=service.clock(),
            random=secrets.token_bytes,
        )  # fmt: skip
    return WebhookMade(**_facts(row), secret=secret)


def _change(service: Service, who: Principal, webhook_id: str, enabled: bool) -> WebhookShown:
    with service.store.write() as conn:
        row = webhooks.set_state(conn, webhook_id, enabled=enabled, by=who, at=service.clock())
    return WebhookShown(**_facts(row))


def _rotate(service: Service, who: Principal, webhook_id: str, overlap: timedelta) -> SecretShown:
    with service.store.write() as conn:
        secret = webhooks.rotate(
            conn, webhook_id, overlap=overlap, keyring=service.vault.keyring, by=who, at=service.clock(),
            random=secrets.token_bytes,
        )  # fmt: skip
    return SecretShown(secret=secret)


def _replay(service: Service, who: Principal, webhook_id: str, after: int) -> Replayed:
    with service.store.write() as conn:
        count, following = webhooks.replay(conn, webhook_id, after=after, by=who, at=service.clock())
    return Replayed(count=count, next=following)


def _own(who: Principal) -> str | None:
    return (who.service or "") if who.kind == "service" else None


def _facts(row: Endpoint) -> dict[str, Any]:
    return {
        "id": row.id, "service": row.service, "url": row.url, "state": row.state, "why": row.why,
        "created": iso(row.created),
    }  # fmt: skip


def _attempt(row: Any) -> dict[str, Any]:
    return {"at": iso(row.at), "status": row.status, "error": row.error, "milliseconds": row.milliseconds}
