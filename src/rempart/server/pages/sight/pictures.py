"""Sending a picture that was granted: to an image on a page, once more only while the grant holds, kept nowhere."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from rempart.errors import LookOverError, NotFoundError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.doors import Pages, for_people, status_of
from rempart.server.service import Service

_CHUNK = 64 << 10
_ASK_AGAIN_SECONDS = 0.5
_IMAGE_OR_NOT_SAID = ("image", "empty", "")
HEADERS = {
    # Nothing on the way and nothing in the browser keeps it; it has no validators and no parts to come back for.
    "cache-control": "no-store, private, max-age=0",
    "pragma": "no-cache",
    "vary": "Cookie",
    "accept-ranges": "none",
    "content-disposition": "inline",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@for_people(Permission.EVIDENCE_VIEW)
async def picture(request: Request, pages: Pages, who: Principal) -> Response:
    """What a grant shows. Conditions and ranges that a request brings are not looked at."""
    service: Service = request.app.state.service
    case_id, grant_id = request.path_params["case"], request.path_params["grant"]
    if request.headers.get("sec-fetch-dest", "") not in _IMAGE_OR_NOT_SAID:
        return _nothing(404)
    if request.method == "HEAD":
        good = await run_in_threadpool(service.sight.is_good, case_id, grant_id, who=who)
        return Response(status_code=200 if good else 410, headers=HEADERS)
    try:
        found = await run_in_threadpool(service.sight.picture, case_id, grant_id, who=who)
    except RempartError as err:
        return _nothing(_status(err))
    body = _while_good(service, who, case_id, grant_id, found.data)
    return StreamingResponse(body, media_type=found.media_type, headers=HEADERS)


async def _while_good(
    service: Service, who: Principal, case_id: str, grant_id: str, data: bytes
) -> AsyncIterator[bytes]:
    """The picture in pieces; a reader who is slow is asked for the grant again on the way, and gets no more without."""
    view, asked = memoryview(data), time.monotonic()
    for start in range(0, len(view), _CHUNK):
        if time.monotonic() - asked > _ASK_AGAIN_SECONDS:
            if not await run_in_threadpool(service.sight.is_good, case_id, grant_id, who=who):
                return
            asked = time.monotonic()
        yield bytes(view[start : start + _CHUNK])


def _status(err: RempartError) -> int:
    if isinstance(err, NotFoundError):
        return 404
    return 410 if isinstance(err, LookOverError) else status_of(err)


def _nothing(status: int) -> Response:
    """No picture and no words: the page around it says what there is to say."""
    return Response(status_code=status, headers=HEADERS)
