"""Which rule a certificate breaks: each broken alone is the one that is named."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from rempart.errors import CertificateError
from rempart.provenance.stamp.certificates import (
    Issued,
    algorithm_of,
    chain_of,
    key_of,
    key_rule,
    make_leaf,
    make_root,
    rules,
)
from stamping import certificates, other_leaf

NOW = datetime.now(UTC)


def broken(chain, anchors=None) -> set[str]:
    anchors = chain_of(certificates().root.certificate) if anchors is None else anchors
    return {one.name for one in rules(chain, anchors, at=NOW) if not one.kept}


def test_a_certificate_of_make_breaks_no_rule():
    own = certificates()
    assert broken(chain_of(own.leaf.certificate)) == set()
    assert key_rule(chain_of(own.leaf.certificate)[0], key_of(own.leaf.key.encode())).kept


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, set()),
        ({"leave_out": "aki"}, {"authority key identifier"}),
        ({"leave_out": "usage"}, {"key usage", "key usage is critical"}),
        ({"signs": False}, {"key usage"}),
        ({"critical": False}, {"key usage is critical"}),
        ({"uses": ()}, {"extended key usage"}),
        ({"uses": (ExtendedKeyUsageOID.SERVER_AUTH,)}, {"extended key usage"}),
        ({"uses": (ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.TIME_STAMPING)}, {"no further use"}),
        ({"uses": (ExtendedKeyUsageOID.EMAIL_PROTECTION, ObjectIdentifier("2.5.29.37.0"))}, {"no further use"}),
        ({"ca": True}, {"no authority"}),
        ({"subject": False}, {"organisation"}),
        ({"until": NOW - timedelta(minutes=1)}, {"validity"}),
        ({"since": NOW + timedelta(hours=1)}, {"validity"}),
        ({"key": ec.generate_private_key(ec.SECP224R1())}, {"algorithm"}),
        ({"key": rsa.generate_private_key(65537, 1024)}, {"algorithm"}),
        ({"key": ed25519.Ed25519PrivateKey.generate()}, set()),
    ],
)
def test_the_rule_that_is_broken_is_named(changes: dict, named: set[str]):
    assert broken([other_leaf(**changes)]) == named


def test_a_self_signed_one_a_foreign_anchor_and_a_chain_in_disorder():
    own, other = certificates(), make_root("Somebody else", at=NOW)
    root, leaf = chain_of(own.root.certificate)[0], chain_of(own.leaf.certificate)[0]
    assert "not self-signed" in broken([root])
    assert broken([leaf], chain_of(other.certificate)) == {"anchor"}
    assert broken([leaf], []) == {"anchor"}
    assert "certificate 1 is signed by the next" in broken([leaf, chain_of(other.certificate)[0]])
    assert broken([leaf, root]) == set()


def test_every_broken_rule_says_what_to_do():
    found = list(rules([other_leaf(leave_out="aki", uses=())], [], at=NOW))
    assert all(one.remedy for one in found if not one.kept)


def test_a_key_of_another_certificate_is_told():
    leaf = chain_of(certificates().leaf.certificate)[0]
    assert not key_rule(leaf, ec.generate_private_key(ec.SECP256R1())).kept


def test_what_is_no_certificate_or_no_key_is_refused():
    foreign = dsa.generate_private_key(1024).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for text in (b"", b"nonsense", certificates().leaf.certificate.encode(), foreign):
        with pytest.raises(CertificateError):
            key_of(text)
    for text in ("", "nonsense", certificates().leaf.key):
        with pytest.raises(CertificateError):
            chain_of(text)
    with pytest.raises(CertificateError):
        make_leaf(Issued(certificate=certificates().root.certificate, key=certificates().leaf.key), at=NOW)
    with pytest.raises(CertificateError, match="expired"):
        make_leaf(certificates().root, at=NOW + timedelta(days=4000))
    with pytest.raises(CertificateError):
        make_root("x" * 65, at=NOW)


def test_algorithms_by_key():
    kinds = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]
    made = [algorithm_of(other_leaf(key=ec.generate_private_key(one))) for one in kinds]
    assert made == ["ES256", "ES384", "ES512"]
