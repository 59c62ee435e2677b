"""A certificate to sign credentials with: making one of an own authority, and saying which rule one breaks.

The rules are those of C2PA 2.2, section 14.5, as readers apply them; each is asked by itself, because a signer that is
refused says no more than that the certificate is not valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rempart.errors import CertificateError

LIFE, ROOT_LIFE = timedelta(days=398), timedelta(days=3652)
_EARLIER = timedelta(minutes=5)
SIGNING_USES = {
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.36": "documentSigning",
    "1.3.6.1.4.1.62558.2.1": "C2PA claim signing",
}
_ALONE = ("1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9")
_ANY = "2.5.29.37.0"
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_SMALLEST_RSA = 2048
_LONGEST_NAME = 64

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule, whether it is kept, and what to do where it is not."""

    name: str
    kept: bool
    said: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """PEM texts of a certificate and its key."""

    certificate: str
    key: str


def make_root(organisation: str, *, at: datetime) -> Issued:
    """An own authority: whoever is to trust what it signs has to be given its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(organisation, "Rempart root")
    made = (
        _begun(name, name, key, at=at, life=ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Issued(certificate=_pem(made), key=_key_pem(key))


def make_leaf(root: Issued, *, at: datetime) -> Issued:
    """A certificate to sign with, of the authority; Raises CertificateError where that is not one of `make_root`."""
    authority, signer = chain_of(root.certificate)[0], key_of(root.key.encode())
    if not isinstance(signer, ec.EllipticCurvePrivateKey) or not _fits(authority, signer):
        raise CertificateError("The authority's key does not belong to its certificate.")
    key = ec.generate_private_key(ec.SECP256R1())
    organisation = authority.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    end = min(at + LIFE, authority.not_valid_after_utc) - at
    if end <= timedelta(0):
        raise CertificateError("The authority's own certificate has expired.", hint="Make a new authority.")
    made = (
        _begun(_name(str(organisation), "Rempart stamp"), authority.subject, key, at=at, life=end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Issued(certificate=_pem(made), key=_key_pem(key))


def chain_of(text: str) -> list[x509.Certificate]:
    """The certificates of a PEM text. Raises CertificateError."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except (ValueError, UnicodeError) as err:
        raise CertificateError("This holds no certificate in PEM form.") from err


def key_of(text: bytes) -> Key:
    """The private key of a PEM text without a password. Raises CertificateError."""
    try:
        found = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError) as err:
        raise CertificateError("This holds no private key in PEM form, or one under a password.") from err
    if not isinstance(found, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise CertificateError("Keys of this kind do not sign credentials.", hint="Use ECDSA, Ed25519 or RSA.")
    return found


def algorithm_of(certificate: x509.Certificate) -> str | None:
    """What its key signs with, in COSE's names; None where credentials know none."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        return "PS256" if key.key_size >= _SMALLEST_RSA else None
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else None


def rules(chain: list[x509.Certificate], anchors: list[x509.Certificate], *, at: datetime) -> Iterator[Rule]:
    """What has to hold of a chain, leaf first: each rule, kept or broken."""
    leaf = chain[0]
    yield Rule(
        name="algorithm", kept=algorithm_of(leaf) is not None, said=algorithm_of(leaf) or "",
        remedy="Use a key on P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits or more.",
    )  # fmt: skip
    yield Rule(
        name="version 3", kept=leaf.version is x509.Version.v3, remedy="Issue it as X.509 version 3, with extensions."
    )
    yield Rule(
        name="signature", kept=_hash_is_good(leaf), remedy="Sign it with SHA-256 or better.",
        said=leaf.signature_hash_algorithm.name if leaf.signature_hash_algorithm else "",
    )  # fmt: skip
    yield Rule(
        name="not self-signed", kept=leaf.issuer != leaf.subject,
        remedy="Sign with a certificate that an authority issued: `rempart certs make` makes both.",
    )  # fmt: skip
    yield from _validity(chain, at)
    yield from _extensions(leaf)
    yield from _path(chain, anchors)


def _validity(chain: list[x509.Certificate], at: datetime) -> Iterator[Rule]:
    for place, one in enumerate(chain):
        name = "validity" if not place else f"validity of certificate {place + 1}"
        end = one.not_valid_after_utc
        yield Rule(
            name=name, kept=one.not_valid_before_utc <= at <= end, said=f"until {end:%Y-%m-%d}",
            remedy="Renew it (`rempart certs make --renew`), and look at the clock.",
        )  # fmt: skip


def _extensions(leaf: x509.Certificate) -> Iterator[Rule]:
    usage = _extension(leaf, x509.KeyUsage)
    yield Rule(
        name="key usage", kept=usage is not None and usage.value.digital_signature and not usage.value.key_cert_sign,
        remedy="Give it key usage digitalSignature, and not keyCertSign.",
    )  # fmt: skip
    yield Rule(
        name="key usage is critical", kept=usage is not None and usage.critical, remedy="Mark key usage as critical."
    )
    basic = _extension(leaf, x509.BasicConstraints)
    yield Rule(
        name="no authority",
        kept=basic is None or not basic.value.ca,
        remedy="Issue it without CA:TRUE: it signs pictures.",
    )
    extended = _extension(leaf, x509.ExtendedKeyUsage)
    uses = [one.dotted_string for one in extended.value] if extended else []
    yield Rule(
        name="extended key usage", kept=any(one in SIGNING_USES for one in uses),
        said=", ".join(SIGNING_USES.get(one, one) for one in uses),
        remedy="Give it the extended key usage emailProtection: every reader takes it.",
    )  # fmt: skip
    yield Rule(
        name="no further use", kept=_ANY not in uses and not any(one in _ALONE for one in uses),
        remedy="Leave anyExtendedKeyUsage, timeStamping and OCSPSigning out.",
    )  # fmt: skip
    yield Rule(
        name="authority key identifier", kept=_extension(leaf, x509.AuthorityKeyIdentifier) is not None,
        remedy="Issue it with an authority key identifier (authorityKeyIdentifier=keyid).",
    )  # fmt: skip
    named = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    yield Rule(
        name="organisation", kept=bool(named), said=str(named[0].value) if named else "",
        remedy="Name the organisation (O=) in the subject: readers show it as the signer.",
    )  # fmt: skip


def _path(chain: list[x509.Certificate], anchors: list[x509.Certificate]) -> Iterator[Rule]:
    for place, (one, issuer) in enumerate(pairwise(chain)):
        yield Rule(
            name=f"certificate {place + 1} is signed by the next", kept=_is_issued(one, issuer),
            remedy="Put the certificate to sign with first, then the one that issued it, and so on.",
        )  # fmt: skip
    last = chain[-1]
    yield Rule(
        name="anchor", kept=any(_is_issued(last, one) or last == one for one in anchors),
        remedy="Name the authority's own certificate as stamp.anchor, and add what stands between to the chain.",
    )  # fmt: skip


def key_rule(leaf: x509.Certificate, key: Key) -> Rule:
    """Whether a key belongs to the certificate."""
    return Rule(
        name="key", kept=_fits(leaf, key), remedy="This key is another certificate's: name the one it was made with."
    )


def _fits(certificate: x509.Certificate, key: Key) -> bool:
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    own, other = (
        one.public_bytes(serialization.Encoding.DER, public) for one in (certificate.public_key(), key.public_key())
    )
    return own == other


def _is_issued(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _hash_is_good(leaf: x509.Certificate) -> bool:
    used = leaf.signature_hash_algorithm
    return used is None or used.digest_size >= 32


def _extension(leaf: x509.Certificate, kind: Callable[..., x509.ExtensionType]) -> x509.Extension | None:  # type: ignore[type-arg]
    try:
        return leaf.extensions.get_extension_for_class(kind)  # type: ignore[arg-type]
    except (x509.ExtensionNotFound, ValueError):
        return None


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, at: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _EARLIER)
        .not_valid_after(at + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(organisation: str, common: str) -> x509.Name:
    if not 1 <= len(organisation.strip()) <= _LONGEST_NAME or not organisation.isprintable():
        raise CertificateError(f"The organisation's name has 1 to {_LONGEST_NAME} characters.")
    own = x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation.strip())
    return x509.Name([own, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, key_cert_sign=not signs, crl_sign=not signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
