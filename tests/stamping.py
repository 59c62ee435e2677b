"""What a test needs to stamp: certificates of an authority made here, pictures that carry things, and their reading."""

import io
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace

import c2pa
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from authorities import Authority
from rempart.provenance.stamp.certificates import chain_of, key_of, make_leaf, make_root
from rempart.provenance.stamp.labels import MADE, Label
from rempart.provenance.stamp.marking import marked
from rempart.provenance.stamp.signing import Signing
from rempart.signals.outcome import Limits

OTHER_USES = (
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only",
)  # fmt: skip
KEY, RECORD = bytes(range(32)), 0x1234567890AB
LABEL = Label(source_type=MADE, system="Atelier", system_version="2.1")


@lru_cache(maxsize=1)
def certificates():
    """Root and leaf, good now."""
    now = datetime.now(UTC)
    root = make_root("Example Studio", at=now)
    return SimpleNamespace(root=root, leaf=make_leaf(root, at=now))


def signing(**more):
    """What signs with them."""
    own = certificates()
    told = {"chain": own.leaf.certificate, "anchor": own.root.certificate}
    if "command" not in more:
        told["key"] = own.leaf.key.encode()
    return Signing(**told | more)


def made(data, *, label=LABEL, record=RECORD, probe_set=None):
    """The work of a decode worker, done here: examination, what is told, and the file."""
    found, told, file = marked(data, record=record, key=KEY, label=label, limits=Limits(), probe_set=probe_set)
    return SimpleNamespace(examination=found, file=file, **told)


def opened(data):
    """A file as Pillow shows it."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def pixels(data):
    return np.asarray(opened(data).convert("RGB"))


def credentials(data, kind, *, anchor=None):
    """State, manifest and validation codes of a file, by a reader that asks nobody."""
    settings = {
        "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": []},
        "trust": {"trust_anchors": anchor or certificates().root.certificate},
    }
    reader = c2pa.Reader.try_create(kind, io.BytesIO(data), context=c2pa.Context.from_dict(settings))
    if reader is None:
        return None
    told = json.loads(reader.json())
    results = told["validation_results"]["activeManifest"]
    return SimpleNamespace(
        state=reader.get_validation_state(), manifest=told["manifests"][told["active_manifest"]],
        label=told["active_manifest"], failures=[one["code"] for one in results["failure"]],
        successes=[one["code"] for one in results["success"]],
    )  # fmt: skip


def assertion(found, label):
    """What a manifest says under a label."""
    return next(one["data"] for one in found.manifest["assertions"] if one["label"] == label)


def other_leaf(*, leave_out: str = "", uses=(ExtendedKeyUsageOID.EMAIL_PROTECTION,), key=None, subject=True, **changes):
    """A certificate of the tests' authority that lacks something, or has something else."""
    root = chain_of(certificates().root.certificate)[0]
    signer = key_of(certificates().root.key.encode())
    now = datetime.now(UTC)
    key = key or ec.generate_private_key(ec.SECP256R1())
    usage = dict.fromkeys(OTHER_USES, False)
    names = [x509.NameAttribute(NameOID.COMMON_NAME, "leaf")]
    if subject:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"))
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(changes.get("since", now - timedelta(hours=1)))
        .not_valid_after(changes.get("until", now + timedelta(days=1)))
    )
    if leave_out != "aki":
        made = made.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    if leave_out != "usage":
        signs = changes.get("signs", True)
        told = x509.KeyUsage(digital_signature=signs, key_cert_sign=not signs, crl_sign=False, **usage)
        made = made.add_extension(told, critical=changes.get("critical", True))
    if uses:
        made = made.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=changes.get("ca", False), path_length=None), critical=True)
    return made.sign(signer, hashes.SHA256())


class FullAuthority(Authority):
    """A time-stamping authority with all that its certificates need before credentials trust it."""

    def _certificate(self, subject, issuer, key, *, authority):
        now, named = datetime.now(UTC), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Time")
        usage = dict.fromkeys(OTHER_USES, False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key())
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([named, *subject]))
            .issuer_name(x509.Name([named, *issuer]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage
                ),
                critical=True,
            )
        )  # fmt: skip
        if not authority:
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return made.sign(self.root_key, hashes.SHA256())
