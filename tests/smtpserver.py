"""A small real SMTP server on loopback, with STARTTLS and log-in, that can refuse and hang up."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Box:
    """What came in, and how the server is to behave. `answers` replaces the answer to a command."""

    mails: list[EmailMessage] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    port: int = 0


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box, tls = self.server.box, self.server.tls
        secure = self.server.at_once
        if secure:
            self._secure(tls)
        self._say(box.answers.get("CONNECT", "220 ready"))
        while line := self.rfile.readline(1000):
            command = line.decode().strip()
            word = command.split(" ")[0].upper()
            box.commands.append(command)
            if word in box.answers:
                if box.answers[word] == "hang up":
                    return
                self._say(box.answers[word])
            elif word == "EHLO":
                self._say("250-test\r\n250 AUTH PLAIN" if secure or not tls else "250-test\r\n250 STARTTLS")
            elif word == "STARTTLS":
                self._say("220 go")
                self._secure(tls)
                secure = True
            elif word == "AUTH":
                good = base64.b64encode(b"\0mailer\0secret").decode()
                self._say("235 ok" if command.endswith(good) else "535 no")
            elif word == "DATA":
                self._say("354 go on")
                box.mails.append(message_from_bytes(self._data(), policy=policy.default))
                box.encrypted.append(secure)
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _secure(self, tls: ssl.SSLContext) -> None:
        self.request = tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that do not trust our certificate hang up; that is a test."""


@contextmanager
def smtp_server(tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[Box]:
    """A server on a free port."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.box, server.tls, server.at_once = Box(port=server.server_address[1]), tls, at_once
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 made on the spot: the file to trust, and the server's side of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context
