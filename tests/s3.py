"""A small object store that speaks as much of S3 over HTTP as is needed here, and can be told to fail."""

import hashlib
import re
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class Bucket:
    """Objects of one bucket at `http://127.0.0.1:PORT`; `mode` is `well`, `503`, `403` or `slow`."""

    def __init__(self):
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.mode = "well"
        self.requests = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def options(self):
        return {
            "endpoint": f"http://127.0.0.1:{self.server.server_address[1]}",
            "region": "us-east-1",
            "access_key_id": "id",
            "secret_access_key": "secret",
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *_):
        pass

    def _answer(self, code, body=b"", **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _failing(self):
        self.bucket.requests += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.bucket.mode == "slow":
            time.sleep(3)
        if self.bucket.mode in ("503", "403"):
            self._answer(int(self.bucket.mode), b"<Error><Code>Not</Code><Message>now</Message></Error>")
            return None
        return body

    def _key(self):
        parts = urlsplit(self.path)
        return unquote(parts.path).removeprefix("/bucket").lstrip("/"), parse_qs(parts.query, keep_blank_values=True)

    def do_PUT(self):
        body = self._failing()
        if body is None:
            return
        key, query = self._key()
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        if "uploadId" in query:
            self.bucket.parts[query["uploadId"][0]][int(query["partNumber"][0])] = body
        else:
            self.bucket.objects[key] = body
        self._answer(200, ETag=tag)

    def do_POST(self):
        body = self._failing()
        if body is None:
            return
        key, query = self._key()
        if "uploads" in query:
            upload = f"upload{len(self.bucket.parts)}"
            self.bucket.parts[upload] = {}
            told = f"<Bucket>bucket</Bucket><Key>{key}</Key><UploadId>{upload}</UploadId>"
            xml = f"<InitiateMultipartUploadResult>{told}</InitiateMultipartUploadResult>"
        elif "delete" in query:
            keys = re.findall(r"<Key>([^<]*)</Key>", body.decode())
            for one in keys:
                self.bucket.objects.pop(one, None)
            xml = f"<DeleteResult>{''.join(f'<Deleted><Key>{one}</Key></Deleted>' for one in keys)}</DeleteResult>"
        else:
            parts = self.bucket.parts.pop(query["uploadId"][0])
            self.bucket.objects[key] = b"".join(parts[number] for number in sorted(parts))
            told = f'<Location>x</Location><Bucket>bucket</Bucket><Key>{key}</Key><ETag>"x"</ETag>'
            xml = f"<CompleteMultipartUploadResult>{told}</CompleteMultipartUploadResult>"
        self._answer(200, xml.encode(), Content_Type="application/xml")

    def do_GET(self):
        if self._failing() is None:
            return None
        key, query = self._key()
        if "list-type" in query:
            prefix = query.get("prefix", [""])[0]
            rows = "".join(
                f"<Contents><Key>{name}</Key><LastModified>2026-11-22T12:00:00.000Z</LastModified>"
                f'<ETag>"x"</ETag><Size>{len(data)}</Size></Contents>'
                for name, data in sorted(self.bucket.objects.items())
                if name.startswith(prefix)
            )
            xml = f"<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
            return self._answer(200, xml.encode(), Content_Type="application/xml")
        if key not in self.bucket.objects:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        return self._answer(200, self.bucket.objects[key], ETag='"x"', Last_Modified=formatdate(usegmt=True))

    do_HEAD = do_GET

    def do_DELETE(self):
        if self._failing() is None:
            return
        self.bucket.objects.pop(self._key()[0], None)
        self._answer(204)
