"""A FastAPI application that asks Rempart before it shows a picture, and follows what is decided later.

REMPART_URL=http://127.0.0.1:8600 REMPART_KEY=rk_… REMPART_WEBHOOK_SECRET=whsec_… uvicorn fastapi_upload:app
"""

import os

from fastapi import FastAPI, HTTPException, Request, Response

from rempart.client import AsyncClient, verify_webhook
from rempart.errors import WebhookRefusedError

app = FastAPI()
rempart = AsyncClient(os.environ["REMPART_URL"], os.environ["REMPART_KEY"])
photos: dict[str, bytes] = {}  # in place of your storage
visible: set[str] = set()
seen: dict[str, int] = {}


@app.post("/photos/{name}", status_code=201)
async def upload(name: str, request: Request) -> dict[str, str]:
    data = await request.body()
    answer = await rempart.check(data, item_id=name, uploader=request.headers.get("x-user"), published=False)
    if answer.blocked:
        raise HTTPException(422, "This picture cannot be posted here.")
    photos[name] = data
    if answer.allowed:
        visible.add(name)
    return {"state": "shown" if answer.allowed else "waiting"}


@app.get("/photos/{name}")
async def photo(name: str) -> Response:
    if name not in visible:
        raise HTTPException(404)
    return Response(photos[name], media_type="image/jpeg")


@app.delete("/photos/{name}", status_code=204)
async def delete(name: str) -> None:
    photos.pop(name, None)
    visible.discard(name)
    await rempart.delete_item(name)


@app.post("/rempart-webhook", status_code=204)
async def decided(request: Request) -> None:
    try:
        event = verify_webhook(request.headers, await request.body(), os.environ["REMPART_WEBHOOK_SECRET"])
    except WebhookRefusedError as err:
        raise HTTPException(400, "not ours") from err
    decision = event.decision
    name = decision.item_id if decision else None
    if decision is None or name is None or seen.get(name, 0) >= decision.seq:
        return  # erased, or an older message that came late
    seen[name] = decision.seq
    if decision.verdict == "allow" and name in photos:
        visible.add(name)
    else:
        visible.discard(name)
