"""A small identity provider on the loopback that follows OpenID Connect Core 1.0, and can be told to misbehave."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from inprocess import free_port, served

CLIENT, SECRET = "rempart", "s3cret/ü:"
Claims = dict[str, Any]


@dataclass
class Identity:
    """The provider. `claims` and the other hooks change what it would rightly say."""

    issuer: str
    now: Callable[[], float]
    subject: str = "subject-1"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    published: RSAKey | None = None
    claims: Callable[[Claims], Claims] = lambda claims: claims
    signed: Callable[[Claims], str] | None = None
    description: Callable[[Claims], Claims] = lambda found: found
    token_answer: Callable[[], Response] | None = None
    codes: dict[str, Claims] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.describe),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/keys", self.keys),
        ]

    async def describe(self, request: Request) -> Response:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return JSONResponse(self.description(found))

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        answer = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return RedirectResponse(f"{query['redirect_uri']}?{answer}", 303)

    async def token(self, request: Request) -> Response:
        if self.token_answer is not None:
            return self.token_answer()
        form = await request.form()
        query = self.codes.pop(str(form["code"]), None)
        told = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = query is not None and query["code_challenge"] == challenge and told == "rempart:s3cret%2F%C3%BC%3A"
        if not right or query is None or form["redirect_uri"] != query["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(self.now())
        claims = self.claims(
            {
                "iss": self.issuer,
                "sub": self.subject,
                "aud": CLIENT,
                "exp": now + 300,
                "iat": now,
                "nonce": query["nonce"],
            }
            | ({"auth_time": now} if query.get("max_age") == "0" else {})
        )
        token = self.signed(claims) if self.signed else jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})

    async def keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse({"keys": [(self.published or self.key).as_dict(private=False)]})


@contextmanager
def identity_server(now: Callable[[], float] = time.time) -> Iterator[Identity]:
    """The provider while it runs."""
    port = free_port()
    found = Identity(issuer=f"http://127.0.0.1:{port}", now=now)
    with served(Starlette(routes=found.routes()), port=port):
        yield found


def confused(identity: Identity) -> Callable[[Claims], str]:
    """Signs with the public key as if it were a shared secret: the classic confusion of algorithms."""

    def sign(claims: Claims) -> str:
        signed = b".".join(_part(part) for part in ({"alg": "HS256", "kid": "one"}, claims))
        mark = hmac.digest(identity.key.as_pem(private=False), signed, "sha256")
        return (signed + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()

    return sign


def unsigned(claims: Claims) -> str:
    """No signature at all."""
    return b".".join((_part({"alg": "none"}), _part(claims), b"")).decode()


def _part(value: Claims) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
