"""`/v1/items/{item_id}`: what is known of an item, the bytes of one that was checked by signals, and its end."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from rempart.cases.work.queue import visible_among
from rempart.clock import iso
from rempart.errors import NotFoundError
from rempart.evidence.vault.records import find_object
from rempart.intake import upload_content, upload_erasure
from rempart.items.records import checks, items
from rempart.items.records.items import Item
from rempart.lists.own import is_own
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import needs
from rempart.server.api import check_forms as forms
from rempart.server.api.checks import answered, kind_of
from rempart.server.bodies import body_of
from rempart.server.problems import ProblemError, documented
from rempart.server.questions import good_id, service_of
from rempart.server.service import Service, get_service
from rempart.server.waiting import result_of

router = APIRouter(tags=["items"])
Serving = Annotated[Service, Depends(get_service)]
Reader = Annotated[Principal, Depends(needs(Permission.ITEMS_READ))]
Deleter = Annotated[Principal, Depends(needs(Permission.ITEMS_DELETE))]
Sender = Annotated[Principal, Depends(needs(Permission.ITEMS_CONTENT))]


@router.put(
    "/v1/items/{item_id:path}/content",
    response_class=Response,
    responses={200: forms.ANSWER, **documented(409)},
    openapi_extra={"requestBody": forms.CONTENT_BODY},
    summary="Send the bytes of an item that was checked by signals",
)
async def put_content(request: Request, item_id: str, who: Sender, service: Serving) -> Response:
    """The bytes, when people need to see what a case is about. They must have the digests that were sent before."""
    kind = kind_of(request)
    if kind == "multipart/form-data" or not forms.takes(kind):
        raise ProblemError(
            415, "The content is sent as it is.", hint="Send image/*, video/* or application/octet-stream.", close=True
        )
    name, owner = good_id(item_id), service_of(who)
    item = await run_in_threadpool(_found, service, owner, name)
    settings = service.settings.server
    async with body_of(request, service.bodies, most=settings.body_bytes, seconds=settings.body_seconds) as data:
        asked = await run_in_threadpool(upload_content.question, service.store, item, data, by=who)
        del data
        return answered(await result_of(service.checker.submit(asked)), who)


@router.get(
    "/v1/items/{item_id:path}",
    response_class=JSONResponse,
    responses={200: forms.ITEM_ANSWER},
    summary="What is known of an item",
)
async def get_item(item_id: str, who: Reader, service: Serving) -> Response:
    """The verdict as it stands now, with what people decided since."""
    name, owner = good_id(item_id), service_of(who)
    return JSONResponse(
        await run_in_threadpool(_told, service, owner, name, who), headers={"Cache-Control": "no-store"}
    )


@router.delete(
    "/v1/items/{item_id:path}",
    status_code=204,
    response_class=Response,
    summary="Forget an item",
)
async def delete_item(item_id: str, who: Deleter, service: Serving) -> Response:
    """The item is hosted no more: its signals go now, and all else that is known of it unless a case needs it."""
    name, owner = good_id(item_id), service_of(who)
    erase = upload_erasure.erase_item
    await run_in_threadpool(erase, service.store, owner, name, by=who, at=service.clock())
    return Response(status_code=204)


def _found(service: Service, owner: str, name: str) -> Item:
    with service.store.read() as conn:
        item = items.find(conn, owner, name)
    if item is None:
        raise NotFoundError("There is no such item.", hint="It was never checked by this service, or deleted.")
    return item


def _is_kept(service: Service, item: Item) -> bool:
    """Whether the bytes are in the vault still."""
    if item.object is None:
        return False
    with service.store.read() as conn:
        found = find_object(conn, item.object)
    return found is not None and found.destroyed is None


def _told(service: Service, owner: str, name: str, who: Principal) -> dict[str, Any]:
    item = _found(service, owner, name)
    told: dict[str, Any] = {
        "item_id": item.item_id, "verdict": item.verdict.value, "request_id": item.request,
        "checked": iso(item.checked), "decided": item.decided is not None, "content": _is_kept(service, item),
    }  # fmt: skip
    if who.may(Permission.CHECK_DETAILS):
        with service.store.read() as conn:
            check = checks.find(conn, item.request)
            known = check.case_id if check else None
            case = known if known and visible_among(conn, [known], who) else None
        facts = (check.facts if check else None) or {}
        told |= {"case": case, "matches": [one for one in facts.get("matches", ()) if not is_own(one["list"])]}
    return told
