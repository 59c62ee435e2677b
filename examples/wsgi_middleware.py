"""A WSGI middleware that asks Rempart about every picture on its way into an application that knows nothing of it.

    application = RempartMiddleware(application, Client("http://127.0.0.1:8600", key))

`python wsgi_middleware.py 8000` serves a small application behind it.
"""

import io
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from wsgiref.simple_server import make_server

from rempart.client import Client

MOST_BYTES = 32 << 20


class RempartMiddleware:
    """Refuses requests with a picture that is blocked, and those with one that is held unless `held` takes them.

    `held(environ)` is called before the application when a picture is held, to mark the request, so that the
    application keeps the picture back. Without it, `hold` is refused like `block`.
    """

    def __init__(
        self, application: Callable[..., Any], client: Client, *, held: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self.application, self.client, self.held = application, client, held

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("POST", "PUT", "PATCH"):
            return self.application(environ, start_response)
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if size > MOST_BYTES:
            return refuse(start_response, "413 Content Too Large", b"too large")
        body = environ["wsgi.input"].read(size)
        environ["wsgi.input"] = io.BytesIO(body)
        item = environ["REMPART_ITEM_ID"] = uuid.uuid4().hex  # store it with the picture: decisions come under this id
        for number, picture in enumerate(pictures(environ.get("CONTENT_TYPE", ""), body)):
            answer = self.client.check(picture, item_id=f"{item}-{number}", published=False)
            if answer.blocked or (answer.held and self.held is None):
                return refuse(start_response, "422 Unprocessable Content", b"This picture cannot be posted here.")
            if answer.held and self.held is not None:
                self.held(environ)
        return self.application(environ, start_response)


def pictures(content_type: str, body: bytes) -> Iterator[bytes]:
    """The body itself when it is a picture, else every file of a form."""
    if content_type.startswith("image/"):
        yield body
    elif content_type.startswith("multipart/form-data"):
        form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
        for part in form.iter_parts():
            if part.get_filename() is not None:
                yield part.get_payload(decode=True)


def refuse(start_response: Callable[..., Any], status: str, text: bytes) -> Iterable[bytes]:
    """A short answer of our own."""
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def forum(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """An application that takes whatever comes."""
    text = b"shown" if not environ.get("forum.waiting") else b"waiting"
    start_response("201 Created", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def keep_back(environ: dict[str, Any]) -> None:
    """How this application is told to wait."""
    environ["forum.waiting"] = True


if __name__ == "__main__":
    guarded = RempartMiddleware(forum, Client(os.environ["REMPART_URL"], os.environ["REMPART_KEY"]), held=keep_back)
    with make_server("127.0.0.1", int(sys.argv[1]), guarded) as server:
        server.serve_forever()
