"""Reading what a check asks: JSON with signals, a raw body with its facts beside it, or a multipart form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request

from rempart.errors import InvalidSignalError
from rempart.intake.upload_values import CheckRequest
from rempart.people.principal import Principal
from rempart.server.multipart import read_form
from rempart.server.problems import ProblemError
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256, Signal

MOST_ID = 512
MOST_IN_BATCH = 1_000
_KINDS: Mapping[str, type[Signal]] = {"sha256": Sha256, "sha1": Sha1, "md5": Md5, "pdq": PdqHash}
_FACTS = ("item_id", "uploader", "url", "published", "context")
_CONTROL = dict.fromkeys([*range(0x20), 0x7F, *range(0xD800, 0xE000)])

Reference = Annotated[str, Meta(max_length=512)]
Context = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64)], Annotated[str, Meta(max_length=256)] | int | bool],
    Meta(max_length=32),
]


class Given(Struct, forbid_unknown_fields=True):
    """Signals as a service made them, in hexadecimal."""

    sha256: str | None = None
    sha1: str | None = None
    md5: str | None = None
    pdq: str | None = None
    pdq_quality: Annotated[int, Meta(ge=0, le=100)] | None = None


class Facts(Struct, forbid_unknown_fields=True):
    """What a service says of an item."""

    item_id: str
    uploader: Reference | None = None
    url: Annotated[str, Meta(max_length=2048)] | None = None
    published: bool | None = None
    context: Context = {}


class Question(Facts, forbid_unknown_fields=True, kw_only=True):
    """A check by signals alone, or of what is fetched from its url."""

    signals: Given | None = None
    fetch: bool = False


class Batch(Struct, forbid_unknown_fields=True):
    """Many checks by signals; each is read by itself, so that a wrong one does not spoil the others."""

    checks: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_IN_BATCH)]


_ASKED = msgspec.json.Decoder(Question)
_BATCH = msgspec.json.Decoder(Batch)
_CONTEXT = msgspec.json.Decoder(Context)


def read_question(data: bytes | msgspec.Raw) -> Question:
    """A JSON body. Raises ProblemError 400 for what is no JSON, 422 for a field that is wrong."""
    asked: Question = _decoded(_ASKED, data)
    if asked.fetch and (asked.signals is not None or asked.url is None):
        raise _wrong("fetch", "It goes with a url and without signals.", "Send the one or the other.")
    return asked


def by_signals(asked: Question, *, who: Principal, key: bytes | None = None) -> CheckRequest:
    """A question by signals alone. Raises ProblemError 422 for a field that is wrong."""
    given = asked.signals
    if given is None:
        raise _wrong("signals", "They are missing.", "Send at least one of sha256, sha1, md5 and pdq.")
    signals = tuple(
        _signal(name, kind, text) for name, kind in _KINDS.items() if (text := getattr(given, name)) is not None
    )
    if not signals:
        raise _wrong("signals", "There are none.", "Send at least one of sha256, sha1, md5 and pdq.")
    if given.pdq_quality is not None and given.pdq is None:
        raise _wrong("signals.pdq_quality", "It stands without a pdq.", "Send both, or neither.")
    return replace(with_facts(asked, who=who, key=key), signals=signals, quality=given.pdq_quality)


def with_facts(facts: Facts, *, who: Principal, key: bytes | None) -> CheckRequest:
    """A question with what its service says of the item, and nothing to look up yet. Raises ProblemError 422."""
    return CheckRequest(
        service=service_of(who), by=who, item_id=good_id(facts.item_id), uploader=_good("uploader", facts.uploader),
        url=_good("url", facts.url), published=facts.published, context=_good_context(facts.context), key=key,
    )  # fmt: skip


def batch_of(data: bytes) -> list[msgspec.Raw]:
    """The checks of a batch, each still as it came. Errors as `by_signals`."""
    batch: Batch = _decoded(_BATCH, data)
    return batch.checks


def by_content(request: Request, body: bytes, *, kind: str, who: Principal, key: bytes | None) -> CheckRequest:
    """A raw body or a form as a question. Raises ProblemError for what is missing, double or wrong."""
    if kind == "multipart/form-data":
        form = read_form(body, request.headers.get("content-type", ""))
        if form.content is None:
            raise _wrong("file", "The form has no `file`.", "Send the picture as the part `file`.")
        told, content = dict(form.fields), form.content
        unknown = sorted(set(told) - set(_FACTS))
        if unknown:
            raise _wrong(unknown[0][:40], "There is no such field.", f"Known: {', '.join((*_FACTS, 'file'))}.")
    else:
        told, content = {}, body
    told = _gathered(request, told)
    if not content:
        raise _wrong("body", "There are no bytes in it.", "Send the file's content, or JSON with `signals`.")
    return replace(with_facts(_facts(told), who=who, key=key), content=content)


def service_of(who: Principal) -> str:
    """The service whose key this is; its items are its own."""
    if who.service is None:
        raise ProblemError(403, "Items belong to services.", hint="Ask with a service's key.", slug="not-permitted")
    return who.service


def key_of(request: Request) -> bytes | None:
    """The digest of the Idempotency-Key, if there is one. Raises ProblemError for one that is empty or too long."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    if not 1 <= len(given) <= 255:
        raise _wrong("Idempotency-Key", "It has 1 to 255 characters.", "Use a random UUID for each request.")
    return hashlib.sha256(given.encode()).digest()


def good_id(text: str) -> str:
    """An item's id. Raises ProblemError for an empty or long one, or one with control characters."""
    if not 1 <= len(text) <= MOST_ID:
        raise _wrong(
            "item_id",
            f"It has 1 to {MOST_ID} characters, not {len(text)}.",
            "Send a shorter id, such as a digest of yours.",
        )
    return _good("item_id", text) or ""


def _good(name: str, text: str | None) -> str | None:
    if text is not None and text.translate(_CONTROL) != text:
        raise _wrong(name, "It holds control characters.", "Send plain text.")
    return text


def _good_context(context: Mapping[str, Any]) -> Mapping[str, object]:
    for name, value in context.items():
        _good("context", name)
        _good(f"context.{name}", value if isinstance(value, str) else None)
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise _wrong(f"context.{name}", "The number is too large.", "Send it as text.")
    return context


def _signal(name: str, kind: type[Signal], text: str) -> Signal:
    try:
        return kind.from_hex(text)
    except InvalidSignalError as err:
        raise _wrong(f"signals.{name}", err.message, "Send the digest in hexadecimal.") from err


def _decoded(decoder: msgspec.json.Decoder[Any], data: bytes | msgspec.Raw) -> Any:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as err:
        what, _, where = str(err).partition(" - at ")
        raise _wrong(
            where.strip("`").removeprefix("$.") or "body", what, "Correct it; /openapi.json has the form."
        ) from err
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise ProblemError(
            400, "The body is not JSON in UTF-8.", hint="Send JSON, or another Content-Type.", slug="not-json"
        ) from err


def _gathered(request: Request, told: dict[str, str]) -> dict[str, str]:
    """The facts from a form, the query and the `Rempart-…` headers; each may stand in one place only."""
    places: list[tuple[str, str]] = []
    for name in _FACTS:
        places += ((name, value) for value in request.query_params.getlist(name))
        for value in request.headers.getlist("rempart-" + name.replace("_", "-")):
            places.append((name, _unquoted(name, value)))
    for name, value in places:
        if name in told:
            raise _wrong(name, "It is there twice.", "Send it once: in the form, the query or a header.")
        told[name] = value
    return told


def _unquoted(name: str, value: str) -> str:
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as err:
        raise _wrong(name, "The header is not UTF-8.", "Percent-encode it as in a URL.") from err


def _facts(told: Mapping[str, str]) -> Facts:
    plain: dict[str, Any] = dict(told)
    if "item_id" not in plain:
        raise _wrong(
            "item_id", "It is missing.", "Send it as ?item_id=… , as the header Rempart-Item-Id, or in the form."
        )
    if "published" in plain:
        if plain["published"] not in ("true", "false"):
            raise _wrong("published", "It is true or false.", "Leave it out where it is not known.")
        plain["published"] = plain["published"] == "true"
    if "context" in plain:
        try:
            plain["context"] = _CONTEXT.decode(plain["context"].encode())
        except (msgspec.DecodeError, UnicodeEncodeError) as err:
            raise _wrong(
                "context", "It is a JSON object of texts, numbers and booleans.", 'As in {"place":"avatar"}.'
            ) from err
    try:
        return msgspec.convert(plain, Facts)
    except msgspec.ValidationError as err:
        what, _, where = str(err).partition(" - at ")
        raise _wrong(where.strip("`").removeprefix("$.") or "body", what, "Correct it.") from err


def _wrong(where: str, what: str, hint: str) -> ProblemError:
    return ProblemError(422, f"{where}: {what}", hint=hint, slug="invalid")
