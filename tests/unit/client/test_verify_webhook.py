"""A webhook is believed only when it is ours and of now."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.cases.signatures import secret_text, signed_headers
from rempart.client import Verdict, verify_webhook
from rempart.errors import RefusedError, WebhookRefusedError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = bytes(range(32))
SECRET = secret_text(KEY)
BODY = json.dumps(
    {
        "type": "item.decided",
        "timestamp": "2026-03-01T12:00:00.000Z",
        "data": {"seq": 7, "id": "decision_1", "item_id": "photo-1", "verdict": "block", "previous": "hold"},
    }
).encode()
HEADERS = dict(signed_headers(BODY, message="msg_1", at=NOW, secrets=[KEY]))


def verify(headers=HEADERS, body=BODY, secret=SECRET, now=NOW, **more):
    return verify_webhook(headers, body, secret, now=now, **more)


def test_a_genuine_message_is_read():
    event = verify()
    assert (event.id, event.type) == ("msg_1", "item.decided")
    assert (event.decision.item_id, event.decision.verdict, event.decision.previous) == (
        "photo-1", Verdict.BLOCK, Verdict.HOLD,
    )  # fmt: skip
    assert event.decision.at == NOW


def test_the_signature_is_that_of_the_published_example():
    """The worked example of the Standard Webhooks specification's own libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert expected == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers(body, message="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at, secrets=[key])
    assert headers["webhook-signature"] == expected


def test_header_names_have_any_case():
    assert verify({name.title(): value for name, value in HEADERS.items()}).id == "msg_1"


@pytest.mark.parametrize("name", list(HEADERS))
def test_a_missing_header_is_refused(name):
    with pytest.raises(WebhookRefusedError, match="header"):
        verify({other: value for other, value in HEADERS.items() if other != name})


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_an_old_or_future_message_is_refused(seconds):
    with pytest.raises(WebhookRefusedError, match="not of now"):
        verify(now=NOW + timedelta(seconds=seconds))
    assert verify(now=NOW + timedelta(seconds=seconds), tolerance=timedelta(days=2)).id == "msg_1"


@pytest.mark.parametrize("time", ["", "x", "-5", "1e9", "9" * 40, "１２"])
def test_a_time_that_is_none_is_refused(time):
    with pytest.raises(WebhookRefusedError):
        verify(HEADERS | {"webhook-timestamp": time})


@pytest.mark.parametrize(
    "altered",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": HEADERS["webhook-signature"].replace("v1,", "v2,")},
        {"webhook-signature": "v1,é"},
    ],
)
def test_whatever_is_altered_is_refused(altered):
    with pytest.raises(WebhookRefusedError):
        verify(HEADERS | altered)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_altered_byte_of_the_body_is_refused(place, change):
    body = bytearray(BODY)
    body[place] ^= change
    with pytest.raises(WebhookRefusedError):
        verify(body=bytes(body))


def test_another_secret_is_refused_and_either_of_two_is_taken():
    other = secret_text(b"x" * 32)
    with pytest.raises(WebhookRefusedError, match="signature"):
        verify(secret=other)
    assert verify(secret=[other, SECRET]).id == "msg_1"
    both = dict(signed_headers(BODY, message="msg_1", at=NOW, secrets=[b"x" * 32, KEY]))
    assert verify(both).id == verify(both, secret=other).id == "msg_1"


def test_a_text_that_is_no_secret_is_told():
    with pytest.raises(RefusedError, match="no webhook secret"):
        verify(secret="whsec_§§")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": "x", "timestamp": "t", "data": {}}', b"\xff"])
def test_a_genuine_message_of_another_kind_is_told(body):
    headers = dict(signed_headers(body, message="msg_1", at=NOW, secrets=[KEY]))
    with pytest.raises(WebhookRefusedError, match="not known here"):
        verify(headers, body)


def test_a_verdict_of_a_later_version_is_held():
    body = BODY.replace(b'"block"', b'"quarantine"')
    headers = dict(signed_headers(body, message="msg_1", at=NOW, secrets=[KEY]))
    assert verify(headers, body).decision.verdict is Verdict.HOLD
