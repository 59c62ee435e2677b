"""What is signed reads back as trusted, holds no second picture, and leaves only then."""

import sys
import time
from datetime import UTC, datetime, timedelta

import encypher_c2pa
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from authorities import serving
from pictures import encode, scene
from rempart.errors import CertificateError, SigningUnavailableError
from rempart.provenance.stamp.certificates import LIFE, key_of, make_leaf, make_root
from rempart.provenance.stamp.labels import EDITED, MADE
from rempart.provenance.stamp.signing import Claim, SignCommand
from stamping import FullAuthority, assertion, certificates, credentials, other_leaf, signing

PHOTO = scene(21, 240, 180)
FILES = {"image/jpeg": encode(PHOTO), "image/png": encode(PHOTO, "PNG"), "image/webp": encode(PHOTO, "WEBP")}
CLAIM = Claim(source_type=MADE, record=0xABCDEF, system="Atelier")


@pytest.mark.parametrize("kind", FILES)
def test_two_verifiers_trust_what_was_signed(kind: str):
    made = signing().sign(FILES[kind], kind, CLAIM)
    found = credentials(made.data, kind)
    assert (found.state, found.failures, found.label, made.signer) == ("Trusted", [], made.manifest, "Example Studio")
    action = assertion(found, "c2pa.actions.v2")["actions"][0]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", MADE)
    binding = assertion(found, "c2pa.soft-binding")
    assert (binding["alg"], binding["blocks"][0]["value"]) == ("org.rempart.watermark.1", "000000abcdef")
    other = encypher_c2pa.verify(
        made.data, kind, trust_pem=certificates().root.certificate, no_default_trust=True, telemetry=False, online=False
    )
    assert (other["integrity"], other["signature"], other["validation_state"]) == ("valid", "valid", "Trusted")
    assert len(made.data) - len(FILES[kind]) < 6000


def test_references_are_named_and_nothing_of_them_is_there():
    references = (("parentOf", "image/jpeg"), ("inputTo", None))
    claim = Claim(source_type=EDITED, record=None, references=references, gate={"record": "gate_1"})
    found = credentials(signing().sign(FILES["image/png"], "image/png", claim).data, "image/png")
    assert (found.state, found.failures) == ("Trusted", [])
    assert [one["relationship"] for one in found.manifest["ingredients"]] == ["parentOf", "inputTo"]
    actions = [one["action"] for one in assertion(found, "c2pa.actions.v2")["actions"]]
    assert (actions, assertion(found, "org.rempart.gate")) == (["c2pa.opened", "c2pa.edited"], {"record": "gate_1"})
    assert "thumbnail" not in str(found.manifest)


def test_a_reader_that_was_given_another_root_says_valid_and_no_more():
    made = signing().sign(FILES["image/png"], "image/png", CLAIM)
    other = make_root("Somebody else", at=datetime.now(UTC)).certificate
    found = credentials(made.data, "image/png", anchor=other)
    assert (found.state, found.failures) == ("Valid", ["signingCredential.untrusted"])


def test_one_byte_of_the_picture_breaks_it():
    data = bytearray(signing().sign(FILES["image/png"], "image/png", CLAIM).data)
    data[-40] ^= 1
    assert credentials(bytes(data), "image/png").state == "Invalid"


def test_nothing_leaves_under_an_expired_certificate_or_a_foreign_anchor():
    own, now = certificates(), datetime.now(UTC)
    expired = make_leaf(own.root, at=now - LIFE - timedelta(days=1))
    with pytest.raises(CertificateError, match=r"signingCredential\.expired|certificate"):
        signing(chain=expired.certificate, key=expired.key.encode()).sign(FILES["image/png"], "image/png", CLAIM)
    with pytest.raises(CertificateError, match="untrusted"):
        signing(anchor=make_root("x", at=now).certificate).sign(FILES["image/png"], "image/png", CLAIM)
    with pytest.raises(CertificateError):
        signing(key=make_leaf(own.root, at=now).key.encode()).sign(FILES["image/png"], "image/png", CLAIM)


def test_a_command_signs_as_a_hardware_module_does():
    key = key_of(certificates().leaf.key.encode())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    asked = []

    def module(data: bytes) -> bytes:
        asked.append(data)
        return key.sign(data, ec.ECDSA(hashes.SHA256()))

    made = signing(command=module).sign(FILES["image/jpeg"], "image/jpeg", CLAIM)
    assert credentials(made.data, "image/jpeg").state == "Trusted"
    assert len(asked) == 1


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "Ed25519", "RSA"],
)
def test_other_keys_sign_as_well(key):
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    chain = other_leaf(key=key).public_bytes(serialization.Encoding.PEM).decode()
    made = signing(chain=chain, key=pem).sign(FILES["image/png"], "image/png", CLAIM)
    assert credentials(made.data, "image/png").state == "Trusted"


@pytest.mark.parametrize(
    "argv",
    [
        (sys.executable, "-c", "import sys; sys.exit('no card in the reader')"),
        (sys.executable, "-c", ""),
        (sys.executable, "-c", "import time; time.sleep(30)"),
        ("/nowhere/sign",),
    ],
)
def test_a_command_that_does_not_sign_is_unavailable_and_nothing_leaves(argv: tuple[str, ...]):
    with pytest.raises(SigningUnavailableError):
        signing(command=SignCommand(argv=argv, timeout=0.3)).sign(FILES["image/png"], "image/png", CLAIM)


def test_what_a_command_says_of_an_error_is_for_the_log_and_our_own_variables_are_not_for_it(monkeypatch, caplog):
    monkeypatch.setenv("REMPART_SERVICE_KEY", "ours")
    text = "import os, sys; sys.exit(f'slot 2 with pin 0000, {os.environ.get(chr(82) + \"EMPART_SERVICE_KEY\")}')"
    with pytest.raises(SigningUnavailableError) as caught:
        signing(command=SignCommand(argv=(sys.executable, "-c", text))).sign(FILES["image/png"], "image/png", CLAIM)
    assert "0000" not in f"{caught.value} {caught.value.hint}"
    assert "slot 2 with pin 0000, None" in caplog.text


def test_a_command_that_signs_something_else_lets_nothing_leave():
    with pytest.raises(CertificateError):
        signing(command=lambda data: bytes(64)).sign(FILES["image/png"], "image/png", CLAIM)


def test_a_signature_with_a_time_stamp_outlives_its_certificate():
    authority, own = FullAuthority(), certificates()
    short = make_leaf(own.root, at=datetime.now(UTC) - LIFE + timedelta(seconds=1.2))
    told = {
        "chain": short.certificate,
        "key": short.key.encode(),
        "anchor": own.root.certificate + authority.pem.decode(),
    }
    with serving(authority.answer) as url:
        stamped = signing(**told, timestamp_url=url).sign(FILES["image/png"], "image/png", CLAIM)
    plain = signing(**told).sign(FILES["image/png"], "image/png", CLAIM)
    time.sleep(2.3)
    assert (stamped.timestamped, plain.timestamped) == (True, False)
    assert credentials(stamped.data, "image/png", anchor=told["anchor"]).state == "Trusted"
    assert credentials(plain.data, "image/png", anchor=told["anchor"]).state == "Invalid"


def test_an_authority_that_nobody_trusts_is_no_time_stamp_and_one_that_is_away_stops_it():
    authority = FullAuthority()
    with serving(authority.answer) as url:
        made = signing(timestamp_url=url).sign(FILES["image/png"], "image/png", CLAIM)
    assert not made.timestamped
    with serving(lambda request: 500) as url, pytest.raises(SigningUnavailableError):
        signing(timestamp_url=url).sign(FILES["image/png"], "image/png", CLAIM)
