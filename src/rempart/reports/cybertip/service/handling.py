"""The rehearsal server's answers over HTTP, good and bad ones."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from rempart.clock import iso
from rempart.errors import RefusedError
from rempart.reports.cybertip.service.book import MOST_XML, Reply, expires
from rempart.reports.cybertip.service.misbehaving import NOT_TAKEN, How
from rempart.reports.cybertip.service.shelf import Held
from rempart.reports.cybertip.service.uploads import Arrived, read_upload

if TYPE_CHECKING:
    from rempart.reports.cybertip.service.rehearsal import RehearsalServer

BASE = "/ispws"
CONTROL = "/rehearsal"
_PIECE = 1 << 16
_MOST_FORM = 4096
_MOST_SKIPPED = 8 << 30


class Handler(BaseHTTPRequestHandler):
    """One connection. Its calls are under `BASE`; under `CONTROL` the server is looked at and told to misbehave."""

    server: RehearsalServer
    protocol_version = "HTTP/1.1"
    timeout = 120

    def do_GET(self) -> None:
        self._skip()
        if self.path == f"{CONTROL}/reports" and self._known():
            self._json([_told(one) for one in self.server.book.reports()])
        elif self.path in (f"{BASE}/status", f"{BASE}/xsd"):
            self._call(self.path.removeprefix(f"{BASE}/"))
        else:
            self._xml(404, Reply(code=1210, text="Resource not found"))

    def do_POST(self) -> None:
        name = self.path.removeprefix(f"{BASE}/")
        if not self.headers.get("content-length", "").isdigit():
            self.close_connection = True
            self._xml(411, Reply(code=4000, text="The length is not told."))
        elif self.path.startswith(f"{BASE}/") and name in ("submit", "upload", "fileinfo", "finish", "retract"):
            self._call(name)
        elif self.path == f"{CONTROL}/misbehave":
            self._control()
        else:
            self._skip()
            self._xml(404, Reply(code=1210, text="Resource not found"))

    def _call(self, name: str) -> None:
        how = self.server.plan.take(name)
        self.server.calls.append(f"{name} {how or ''}".rstrip())
        if how is How.REVOKE:
            self.server.revoked = True
        if how is How.UNAUTHORIZED or not self.server.knows(self.headers.get("authorization", "")):
            self._skip()
            self._bare(401)
        elif how in NOT_TAKEN:
            self._skip()
            self._refuse(how)
        elif name == "xsd" and self.server.schema and how is None:
            self._send(200, self.server.schema)
        else:
            self._answer(self._carried_out(name, how), how)

    def _carried_out(self, name: str, how: How | None) -> Reply:
        """The call, done; twice when it is repeated."""
        book = self.server.book
        if name == "status":
            return Reply(code=0, text="Remote User: rehearsal")
        if name == "xsd":
            return Reply(code=1210, text="This server has no schema of its own.")
        if name == "upload":
            return self._upload(how)
        body = self._read(MOST_XML if name in ("submit", "fileinfo") else _MOST_FORM)
        number = (parse_qs(body.decode("latin-1")).get("id") or [""])[0]
        actions: dict[str, Callable[[], Reply]] = {
            "submit": lambda: book.submit(body), "fileinfo": lambda: book.describe(body),
            "finish": lambda: book.finish(number), "retract": lambda: book.retract(number),
        }  # fmt: skip
        doing = actions[name]
        reply = doing()
        if name in ("submit", "fileinfo") and reply.code == 0:
            self.server.remember(reply.report_id, body)
        return doing() if how is How.REPEATED else reply

    def _upload(self, how: How | None) -> Reply:
        try:
            form = read_upload(self._pieces(slowly=how is How.SLOW_UPLOAD), self.headers.get("content-type", ""))
        except RefusedError as err:
            self.close_connection = True
            return Reply(code=4000, text=err.message)
        if how is How.WRONG_DIGEST:
            form = Arrived(report_id=form.report_id, md5=form.md5[::-1], size=form.size)
        for _ in range(2 if how is How.REPEATED else 1):
            reply = self.server.book.upload(form.report_id, md5=form.md5, size=form.size)
        return reply

    def _refuse(self, how: How) -> None:
        """The answer to a call that is not carried out."""
        if how is How.HANG_BEFORE:
            self._hang()
        elif how is How.CLOSE_BEFORE:
            self.close_connection = True
        elif how is How.ERROR:
            self._xml(500, Reply(code=1000, text="Server error"))
        elif how is How.REFUSE:
            self._xml(200, Reply(code=4100, text="Validation failed: this is what was planned."))
        elif how is How.REDIRECT:
            self._bare(302, {"Location": "http://127.0.0.1:9/elsewhere"})
        elif how is How.TOO_MANY:
            self._bare(429, {"Retry-After": "60"})
        elif how is How.REVOKE:
            self._bare(401)
        else:
            self._page(502)

    def _answer(self, reply: Reply, how: How | None) -> None:
        """The answer to a call that was carried out."""
        document = _document(reply)
        if how is How.HANG_AFTER:
            self._hang()
        elif how is How.CLOSE_AFTER:
            self.close_connection = True
        elif how is How.PAGE_AFTER:
            self._page(504)
        elif how is How.EMPTY:
            self._bare(200)
        elif how is How.TRUNCATED:
            self._send(200, document[: len(document) // 2], length=len(document), close=True)
        elif how is How.DOCTYPE:
            entities = '<!DOCTYPE r [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
            self._send(200, document.replace(b"?>\n", f"?>\n{entities}\n".encode(), 1))
        elif how is How.HUGE:
            self._endless()
        elif how is How.WRONG_TYPE:
            self._json({"responseCode": reply.code, "reportId": reply.report_id})
        elif how is How.ENCODING:
            self._send(200, document.replace(b"</responseDescription>", b"\xff\xfe\xe9</responseDescription>", 1))
        elif how is How.UNKNOWN_CODE:
            self._xml(200, Reply(code=9999, text="Something new"))
        elif how is How.OTHER_REPORT and reply.report_id:
            number = str(int(reply.report_id) + 7_000_000)
            self._send(200, document.replace(f">{reply.report_id}<".encode(), f">{number}<".encode()))
        else:
            self._send(200, document, slowly=how is How.SLOW)

    def _known(self) -> bool:
        if self.server.knows(self.headers.get("authorization", "")):
            return True
        self._bare(401)
        return False

    def _control(self) -> None:
        """Plan misbehaviour from outside: {"next": ["finish:hang_after", …]}."""
        body = self._read(_MOST_FORM)
        if not self._known():
            return
        try:
            self.server.misbehave(list(json.loads(body)["next"]))
        except (RefusedError, ValueError, TypeError, KeyError) as err:
            self._json({"message": str(err)}, status=422)
            return
        self._json({"planned": self.server.plan.left()})

    def _pieces(self, *, slowly: bool = False) -> Iterator[bytes]:
        left = int(self.headers.get("content-length") or 0)
        while left > 0 and (piece := self.rfile.read(min(left, _PIECE))):
            left -= len(piece)
            if slowly and self.server.over.wait(self.server.pause):
                return
            yield piece

    def _read(self, most: int) -> bytes:
        """The body, or of one that is too long nothing."""
        if int(self.headers.get("content-length") or 0) > most:
            self._skip()
            return b""
        return b"".join(self._pieces())

    def _skip(self) -> None:
        """Let the body pass: an answer before its end would be lost with the connection."""
        if int(self.headers.get("content-length") or 0) > _MOST_SKIPPED:
            self.close_connection = True
            return
        for _ in self._pieces():
            pass

    def _hang(self) -> None:
        self.close_connection = True
        self.server.over.wait(self.server.hang)

    def _endless(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/xml;charset=UTF-8")
        self.end_headers()
        until = time.monotonic() + self.server.hang
        self.wfile.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<reportResponse><responseDescription>')
        while time.monotonic() < until and not self.server.over.is_set():
            self.wfile.write(b"a" * _PIECE)

    def _bare(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="rehearsal"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, status: int) -> None:
        page = b"<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
        self._send(status, page, kind="text/html", number=False)

    def _json(self, told: Any, *, status: int = 200) -> None:
        self._send(status, json.dumps(told).encode(), kind="application/json")

    def _xml(self, status: int, reply: Reply) -> None:
        self._send(status, _document(reply))

    def _send(
        self, status: int, body: bytes, *, kind: str = "text/xml;charset=UTF-8", length: int | None = None,
        number: bool = True, close: bool = False, slowly: bool = False,
    ) -> None:  # fmt: skip
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        if number:
            self.send_header("Request-ID", secrets.token_hex(16))
        self.end_headers()
        self.close_connection = self.close_connection or close
        if not slowly:
            self.wfile.write(body)
            return
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            if self.server.over.wait(self.server.pause):
                break

    def log_message(self, format: str, *args: object) -> None:
        """Whoever runs it asks it what it has, and reads no log."""


def _document(reply: Reply) -> bytes:
    done = reply.files is not None
    name = "reportDoneResponse" if done else "reportResponse"
    parts = [f"<responseCode>{reply.code}</responseCode>"]
    if not done:
        parts.append(f"<responseDescription>{escape(reply.text)}</responseDescription>")
    for tag, value in (("reportId", reply.report_id), ("fileId", reply.file_id), ("hash", reply.md5)):
        if value is not None:
            parts.append(f"<{tag}>{escape(value)}</{tag}>")
    if reply.files is not None:
        parts.append("<files>" + "".join(f"<fileId>{escape(one)}</fileId>" for one in reply.files) + "</files>")
    inner = "\n".join(f"    {one}" for one in parts)
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<{name}>\n{inner}\n</{name}>\n'.encode()


def _told(one: Held) -> dict[str, Any]:
    return {
        "number": one.number, "stage": one.stage.value, "opened": iso(one.opened), "expires": iso(expires(one)),
        "files": [{"id": name, "md5": each.md5, "size": each.size, "described": each.described}
                  for name, each in one.files.items()],
    }  # fmt: skip
