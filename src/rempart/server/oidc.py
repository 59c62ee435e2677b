"""Sign-in through an identity provider: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636), state and nonce.

The provider's answers are untrusted until their signature, issuer, audience, times and nonce hold.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from rempart.clock import Clock
from rempart.errors import RefusedError, UnavailableError
from rempart.people.tokens import RandomBytes, new_token
from rempart.settings import OidcSettings

_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_LEEWAY = timedelta(seconds=60)
_KEPT = timedelta(hours=1)
_LARGEST = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Whom the provider vouches for: its own stable reference to them."""

    issuer: str
    subject: str


@dataclass(slots=True)
class _Known:
    """What the provider published, and when it was read."""

    metadata: dict[str, Any] = field(default_factory=dict)
    keys: KeySet | None = None
    read: datetime | None = None


class Provider:
    """One identity provider, as the settings name it."""

    def __init__(
        self, settings: OidcSettings, *, redirect: str, clock: Clock, random: RandomBytes, timeout: float = 10.0
    ) -> None:
        self.issuer, self.label = settings.issuer, settings.label or urlsplit(settings.issuer).netloc
        self._client_id, self._secret = settings.client_id, settings.client_secret.get_secret_value()
        self._redirect, self._clock, self._random = redirect, clock, random
        self._timeout = timeout
        self._known = _Known()
        _refuse_plain(self.issuer)

    async def begin(self, *, again: bool = False) -> tuple[str, dict[str, Any]]:
        """Where to send the browser, and what has to be kept until it is back. `again`: the provider shall ask anew.

        Raises UnavailableError when the provider does not answer as it should.
        """
        metadata = await self._metadata()
        state, nonce, verifier = (new_token(self._random) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if again:
            asked |= {"prompt": "login", "max_age": "0"}
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "again": again, "at": self._clock().timestamp()}
        address = str(metadata["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", kept

    async def finish(self, answer: Mapping[str, str], kept: Mapping[str, Any]) -> Vouched:
        """What the browser brought back becomes somebody.

        1. `state` is the one that was kept, and `iss`, when it is sent (RFC 9207), the issuer.
        2. The code is exchanged at the token endpoint, with the verifier.
        3. The ID token is signed by a key of the provider, with an asymmetric algorithm.
        4. Issuer, audience, times and nonce are right; where it had to ask anew, `auth_time` says it did.

        Raises RefusedError, or UnavailableError when the provider does not answer as it should.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), str(kept["state"]).encode()):
            raise RefusedError("This sign-in was not begun here.", hint="Start again from the sign-in page.")
        if answer.get("iss", self.issuer) != self.issuer:
            raise _untrusted("it names another issuer")
        if "error" in answer or not answer.get("code"):
            raise RefusedError("The identity provider did not sign you in.", hint="Try again, or sign in another way.")
        metadata = await self._metadata()
        token = await self._exchange(metadata, answer["code"], verifier=str(kept["verifier"]))
        claims = await self._verified(metadata, token)
        self._check(claims, kept)
        return Vouched(issuer=self.issuer, subject=str(claims["sub"]))

    def _check(self, claims: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        now, leeway = self._clock().timestamp(), _LEEWAY.total_seconds()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        subject = claims.get("sub")
        if claims.get("iss") != self.issuer:
            raise _untrusted("it was issued by somebody else")
        if self._client_id not in audiences or (len(audiences) > 1 and claims.get("azp") != self._client_id):
            raise _untrusted("it was meant for somebody else")
        if not _is_number(claims.get("exp")) or claims["exp"] <= now - leeway:
            raise _untrusted("it has expired")
        if not _is_number(claims.get("iat")) or claims["iat"] > now + leeway:
            raise _untrusted("it is from the future")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), str(kept["nonce"]).encode()):
            raise _untrusted("it answers another question")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
            raise _untrusted("it names nobody")
        if kept["again"] and not (_is_number(claims.get("auth_time")) and claims["auth_time"] >= kept["at"] - leeway):
            raise _untrusted("it does not say that you were asked anew")

    async def _metadata(self) -> dict[str, Any]:
        known = self._known
        if known.read is not None and timedelta(0) <= self._clock() - known.read < _KEPT:
            return known.metadata
        found = await self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise _broken("its description names another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str):
                raise _broken(f"its description has no {name}")
            _refuse_plain(found[name])
        self._known = _Known(metadata=found, keys=None, read=self._clock())
        return found

    async def _verified(self, metadata: Mapping[str, Any], token: str) -> Mapping[str, Any]:
        for fresh in (False, True):  # keys are changed now and then: look once more before giving up
            if self._known.keys is None or fresh:
                self._known.keys = await self._keys(metadata)
            try:
                return jwt.decode(token, self._known.keys, algorithms=list(_ALGORITHMS)).claims
            except (JoseError, ValueError, TypeError, KeyError):
                continue
        raise _untrusted("its signature does not hold")

    async def _keys(self, metadata: Mapping[str, Any]) -> KeySet:
        found = await self._get(str(metadata["jwks_uri"]))
        try:
            return KeySet.import_key_set(found)  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError) as err:
            raise _broken("its keys cannot be read") from err

    async def _exchange(self, metadata: Mapping[str, Any], code: str, *, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if self._secret and "client_secret_basic" in methods:
            auth = httpx.BasicAuth(quote(self._client_id, safe=""), quote(self._secret, safe=""))
        else:
            form |= {"client_id": self._client_id} | ({"client_secret": self._secret} if self._secret else {})
        status, found = await self._ask("POST", str(metadata["token_endpoint"]), data=form, auth=auth)
        if 400 <= status < 500:
            raise RefusedError(
                "The identity provider did not accept the sign-in.", hint="Start again from the sign-in page."
            )
        if status != 200 or not isinstance(found.get("id_token"), str):
            raise _broken("its answer holds no ID token")
        return str(found["id_token"])

    async def _get(self, address: str) -> dict[str, Any]:
        status, found = await self._ask("GET", address)
        if status != 200:
            raise _broken(f"it answers {status}")
        return found

    async def _ask(self, method: str, address: str, **more: Any) -> tuple[int, dict[str, Any]]:
        try:
            async with httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, trust_env=False) as client:
                async with client.stream(method, address, headers={"accept": "application/json"}, **more) as answer:
                    body = b""
                    async for part in answer.aiter_bytes():
                        body += part
                        if len(body) > _LARGEST:
                            raise _broken("it answers too much")
            found = httpx.Response(answer.status_code, content=body).json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as err:
            raise _broken("it does not answer") from err
        if not isinstance(found, dict):
            raise _broken("its answer is no object")
        return answer.status_code, found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse_plain(address: str) -> None:
    """https only, but for a provider on this very machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        near = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    if not host or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not near):
        raise UnavailableError("The identity provider's address is not https.", hint="Correct `issuer` in [oidc].")


def _untrusted(why: str) -> RefusedError:
    return RefusedError(
        f"The identity provider's answer is not to be trusted: {why}.",
        hint="Start again; if it stays so, tell an administrator.",
    )


def _broken(why: str) -> UnavailableError:
    return UnavailableError(
        f"The identity provider cannot be used now: {why}.", hint="Sign in another way, or try again later."
    )
