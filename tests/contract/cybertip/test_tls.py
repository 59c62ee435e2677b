"""Credentials go over TLS to whom the certificate says it is, and to nobody else."""

import ipaddress
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.errors import TiplineUnavailableError
from rempart.reports.cybertip.service.answers import AnswerKind
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.service.rehearsal import RehearsalServer


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rehearsal")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "both.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def over_tls(certificate, *plan, **options):
    server = RehearsalServer(plan=plan, rules=lambda *_: (), **options)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server, server.url.replace("http:", "https:")
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_certificate_that_nobody_vouches_for_gets_no_credentials(certificate):
    with over_tls(certificate) as (server, url), Connection(url, server.user, server.password) as line:
        with pytest.raises(TiplineUnavailableError) as found:
            line.status()
    assert found.value.arrived is False
    assert server.calls == []


def test_files_go_over_tls_and_an_answer_that_trickles_there_is_cut_off(certificate, monkeypatch):
    trusting = ssl.create_default_context(cafile=certificate)
    real = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **more: real(verify=trusting, **more))
    with over_tls(certificate, "finish:slow", pause=0.2) as (server, url):
        with Connection(url, server.user, server.password, seconds=1.0) as line:
            number = line.open(b"<report/>").report_id
            sent = line.upload(number, "a", iter([bytes(65536)] * 20), 20 * 65536)
            assert (sent.kind, sent.md5) == (AnswerKind.OK, sent.sent_md5)
            with pytest.raises(TiplineUnavailableError) as found:
                line.finish(number)
    assert found.value.arrived
    assert len(server.finished) == 1
