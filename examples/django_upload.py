"""A Django application in one file that asks Rempart before it shows a picture, and follows what is decided later.

REMPART_URL=http://127.0.0.1:8600 REMPART_KEY=rk_… REMPART_WEBHOOK_SECRET=whsec_… python django_upload.py 8000
"""

import os
import secrets
import sys
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from rempart.client import Client, verify_webhook
from rempart.errors import WebhookRefusedError

settings.configure(
    SECRET_KEY=secrets.token_hex(32), ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    # Nothing unchecked on the disk.
    FILE_UPLOAD_HANDLERS=["django.core.files.uploadhandler.MemoryFileUploadHandler"],
    FILE_UPLOAD_MAX_MEMORY_SIZE=32 << 20,
)  # fmt: skip
django.setup()

rempart = Client(os.environ["REMPART_URL"], os.environ["REMPART_KEY"])
photos: dict[str, bytes] = {}  # in place of your models
visible: set[str] = set()


@csrf_exempt
@require_POST
def upload(request: HttpRequest, name: str) -> HttpResponse:
    data = request.FILES["photo"].read()
    answer = rempart.check(data, item_id=name, uploader=request.headers.get("X-User"), published=False)
    if answer.blocked:
        return JsonResponse({"error": "This picture cannot be posted here."}, status=422)
    photos[name] = data
    if answer.allowed:
        visible.add(name)
    return JsonResponse({"state": "shown" if answer.allowed else "waiting"}, status=201)


def photo(request: HttpRequest, name: str) -> HttpResponse:
    if name not in visible:
        return HttpResponse(status=404)
    return HttpResponse(photos[name], content_type="image/jpeg")


@csrf_exempt
@require_POST
def decided(request: HttpRequest) -> HttpResponse:
    try:
        event = verify_webhook(request.headers, request.body, os.environ["REMPART_WEBHOOK_SECRET"])
    except WebhookRefusedError:
        return HttpResponse(status=400)
    decision = event.decision
    name = decision.item_id if decision else None
    if decision and name is not None and decision.verdict == "allow" and name in photos:
        visible.add(name)
    elif name is not None:
        visible.discard(name)
    return HttpResponse(status=204)


urlpatterns = [
    path("upload/<name>", upload),
    path("photos/<name>", photo),
    path("rempart-webhook", decided),
]

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), WSGIHandler()) as server:
        server.serve_forever()
