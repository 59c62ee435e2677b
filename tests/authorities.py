"""A small time-stamping authority of our own (RFC 3161): key and certificates made here, answers over loopback."""

import hashlib
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SHA256 = bytes.fromhex("06096086480165030402 01".replace(" ", ""))
ECDSA = bytes.fromhex("06082a8648ce3d040302")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
POLICY = bytes.fromhex("06032a0304")


def der(tag, *parts):
    """One element: tag, length, content."""
    body = b"".join(parts)
    size = len(body)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(long)]) + long) + body


def integer(value):
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def elements(data):
    """The elements one after the other, as tag and content."""
    while data:
        size, start = data[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
        yield data[0], data[start : start + size]
        data = data[start + size :]


class Authority:
    """Signs whatever it is asked to. `of` changes what it is asked before it is answered."""

    def __init__(self, name="Test authority"):
        self.root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} root")])
        self.root = self._certificate(root, root, self.root_key, authority=True)
        self.leaf = self._certificate(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), root, self.key, authority=False
        )

    @property
    def pem(self):
        return self.root.public_bytes(serialization.Encoding.PEM)

    def _certificate(self, subject, issuer, key, *, authority):
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return made.sign(self.root_key, hashes.SHA256())

    def answer(self, request):
        """The response to a request that carries a SHA-256 and a nonce."""
        ((_, asked),) = elements(request)
        parts = list(elements(asked))
        imprint = der(0x30, parts[1][1])
        nonce = next(content for tag, content in parts[2:] if tag == 0x02)
        algorithm = der(0x30, SHA256)
        time = datetime.now(UTC).strftime("%Y%m%d%H%M%SZ").encode()
        info = der(0x30, integer(1), POLICY, imprint, integer(7), der(0x18, time), der(0x02, nonce))
        attributes = der(0x30, CONTENT_TYPE, der(0x31, TST_INFO)) + der(
            0x30, MESSAGE_DIGEST, der(0x31, der(0x04, hashlib.sha256(info).digest()))
        )
        signature = self.key.sign(der(0x31, attributes), ec.ECDSA(hashes.SHA256()))
        signer = der(
            0x30,
            integer(1),
            der(0x30, self.leaf.issuer.public_bytes(), integer(self.leaf.serial_number)),
            algorithm,
            der(0xA0, attributes),
            der(0x30, ECDSA),
            der(0x04, signature),
        )
        certificates = self.leaf.public_bytes(serialization.Encoding.DER)
        content = der(0x30, TST_INFO, der(0xA0, der(0x04, info)))
        signed = der(0x30, integer(3), der(0x31, algorithm), content, der(0xA0, certificates), der(0x31, signer))
        return der(0x30, der(0x30, integer(0)), der(0x30, SIGNED_DATA, der(0xA0, signed)))


@contextmanager
def serving(answer):
    """A web server on loopback; `answer(request)` gives a body, or a number as the status. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.headers["content-type"] == "application/timestamp-query"
            told = answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(told if isinstance(told, int) else 200)
            self.send_header("content-type", "application/timestamp-reply")
            self.end_headers()
            if isinstance(told, bytes):
                self.wfile.write(told)

        def log_message(self, *_):
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
