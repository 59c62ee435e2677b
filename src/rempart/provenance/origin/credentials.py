"""C2PA credentials: validated by the reference implementation, offline, and told in three states that are kept apart.

What must hold before credentials are *trusted*:

1. The manifest is the picture's own: its hash of the picture holds.
2. Every assertion is as it was signed, and so is every ingredient's manifest.
3. The signature holds, and the certificate held when it was signed.
4. The certificate leads to a root that the operator trusts.

Without the fourth they are *valid*: anybody can make a certificate and sign with it as anybody. Whatever else fails
makes them *invalid*. A remote manifest is never fetched, nor is the state of a certificate asked for anywhere.

The settings below are exactly those whose effect a test shows: the library accepts any key, known to it or not.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from rempart.provenance.origin.saying import MOST_FIELD, Said
from rempart.provenance.origin.sourcetypes import meant
from rempart.provenance.origin.trust import Roots
from rempart.provenance.origin.values import (
    INGREDIENT,
    MOST_ROWS,
    Credentials,
    CredentialState,
    Declaration,
    Ground,
    Place,
    SoftBinding,
    Unread,
    short,
)

PURPOSES = (
    "1.3.6.1.5.5.7.3.4",  # protection of e-mail: what the standard asked for first
    "1.3.6.1.5.5.7.3.36",  # signing of documents
    "1.3.6.1.4.1.62558.2.1",  # C2PA's own
    "1.3.6.1.5.5.7.3.8",  # time stamps
    "1.3.6.1.5.5.7.3.9",  # answers on revocation that lie beside a signature
)
GATE = "org.rempart.gate"
_STATES = {
    "Trusted": CredentialState.TRUSTED, "Valid": CredentialState.VALID, "Invalid": CredentialState.INVALID,
}  # fmt: skip
_DEEPEST = 16
_LABEL = re.compile(r"/c2pa/([^/]+)")


def settings(roots: Roots) -> dict[str, Any]:
    """What a reader is told: nothing is fetched, from anywhere, and only these roots are trusted."""
    anchors = {"trust_anchors": roots.pem} if roots.pem else {}
    return {
        "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": []},
        "trust": {**anchors, "trust_config": "\n".join(PURPOSES) + "\n"},
    }


def read_credentials(data: bytes, media_type: str, *, roots: Roots) -> tuple[Credentials, Said]:
    """The credentials in a file of which it is known that there are some, and what they say of its origin. Never
    raises for what the file holds."""
    from c2pa import C2paError, Context, Reader

    try:
        with Context.from_dict(settings(roots)) as context:
            reader = Reader.try_create(media_type, io.BytesIO(data), context=context)
            if reader is None:
                # A block of another kind, or one too broken to be known again.
                return Credentials(), Said(unreadable=(Unread.CREDENTIALS,) if b"c2pa" in data else ())
            with reader:
                return _told(str(reader.get_validation_state()), json.loads(reader.json()))
    except C2paError as err:
        return _broken(type(err).__name__.removeprefix("_C2pa"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _broken("Other")


def _broken(kind: str) -> tuple[Credentials, Said]:
    """Credentials that could not be read at all: there, and worth nothing."""
    found = Credentials(present=True, state=CredentialState.INVALID, failures=(f"unreadable: {short(kind)}",))
    return found, Said(unreadable=(Unread.CREDENTIALS,))


def _told(state: str, store: Mapping[str, Any]) -> tuple[Credentials, Said]:
    manifests: Mapping[str, Mapping[str, Any]] = store["manifests"]
    label = store["active_manifest"]
    active = manifests[label]
    failures = tuple(dict.fromkeys(_failures(store)))[:MOST_ROWS]
    signed = active.get("signature_info") or {}
    credentials = Credentials(
        present=True,
        state=_STATES.get(state, CredentialState.INVALID),
        failures=failures,
        signer=_maybe(signed.get("issuer")) or _maybe(signed.get("common_name")),
        claim_generator=_program(active),
        signed_at=_moment(signed.get("time")),
        soft_bindings=tuple(_bindings(active))[:MOST_ROWS],
        manifests=tuple(map(short, dict.fromkeys([label, *manifests])))[:MOST_ROWS],
        gate=tuple(_gate(active))[:MOST_ROWS],
    )
    return credentials, _said(manifests, label, counts=credentials.intact)


def _failures(store: Mapping[str, Any]) -> Iterator[str]:
    """Codes of the active manifest, then those of ingredients: what has changed since they were taken in, and what
    was wrong with them then. That a signer was unknown then is no matter if it is known now."""
    results = store.get("validation_results") or {}
    yield from _codes((results.get("activeManifest") or {}).get("failure"))
    known = set()
    for delta in results.get("ingredientDeltas") or ():
        found = delta.get("validationDeltas") or {}
        yield from (short(f"{INGREDIENT}{one}") for one in _codes(found.get("failure")))
        known |= {one.get("url") for one in found.get("success") or () if one["code"] == "signingCredential.trusted"}
    for manifest in store["manifests"].values():
        for ingredient in manifest.get("ingredients") or ():
            then = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
            rest = [one for one in then.get("failure") or () if one.get("url") not in known]
            yield from (short(f"{INGREDIENT}{one}") for one in _codes(rest))


def _codes(rows: Any) -> Iterator[str]:
    return (short(str(one["code"])) for one in rows or ())


def _said(manifests: Mapping[str, Mapping[str, Any]], label: str, *, counts: bool) -> Said:
    words = _words(manifests, label, counts=counts, known={})
    makers = (maker for one, maker in words.items() if one.says in _BY_AI and maker)
    agents = tuple(("softwareAgent", one) for one in _agents(manifests[label]))
    return Said(
        grounds=tuple(words),
        source_types=tuple(dict.fromkeys(one.text for one in words)),
        generator=next(makers, None) if counts else None,
        fields=agents,
    )


_Words = Mapping[Ground, str | None]
"""What is said, and the program of which it is said."""
_BY_AI = (Declaration.AI_MADE, Declaration.AI_EDITED)


def _words(
    manifests: Mapping[str, Mapping[str, Any]], label: str, *, counts: bool, known: dict[str, _Words], depth: int = 0
) -> _Words:
    """What a manifest's actions say, and its ingredients': a parent is the picture itself, before; a part makes it a
    picture with parts; what a generator was shown says nothing of what it made. Each manifest is read once, however
    often others name it."""
    manifest = manifests.get(label)
    if manifest is None or label in known or depth > _DEEPEST:
        return known.get(label, {})
    known[label] = {}  # while it is read: whatever leads back to it
    found: dict[Ground, str | None] = {}
    for action, source_type, maker in _source_types(manifest):
        says = meant(source_type)
        if says is Declaration.AI_MADE and action != "c2pa.created":
            says = Declaration.AI_EDITED
        found.setdefault(Ground(place=Place.C2PA, says=says, text=short(source_type), counts=counts), maker)
    for ingredient in manifest.get("ingredients") or ():
        inner = _words(manifests, ingredient.get("active_manifest") or "", counts=counts, known=known, depth=depth + 1)
        for one, maker in inner.items():
            if ingredient.get("relationship") == "parentOf":
                found.setdefault(one, maker)
            elif ingredient.get("relationship") == "componentOf" and one.says in _BY_AI:
                found.setdefault(replace(one, says=Declaration.AI_EDITED), maker)
    known[label] = dict(islice(found.items(), MOST_ROWS))
    return known[label]


def _source_types(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Action, digital source type, and the program that did it: the agent that is named, else who wrote the claim."""
    for action in _actions(manifest):
        found = action.get("digitalSourceType")
        if isinstance(found, str):
            yield str(action.get("action")), found, _agent(action) or _program(manifest)


def _actions(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label")).startswith("c2pa.actions"):
            yield from ((assertion.get("data") or {}).get("actions") or ())[:MOST_ROWS]


def _agents(manifest: Mapping[str, Any]) -> Iterator[str]:
    for action in _actions(manifest):
        name = _agent(action)
        if name is not None:
            yield name


def _agent(action: Mapping[str, Any]) -> str | None:
    agent = action.get("softwareAgent")
    name = agent.get("name") if isinstance(agent, Mapping) else agent
    return short(name) if isinstance(name, str) and 0 < len(name) <= MOST_FIELD else None


def _program(manifest: Mapping[str, Any]) -> str | None:
    for one in manifest.get("claim_generator_info") or ():
        version = one.get("version")
        return short(f"{one['name']} {version}" if version else str(one["name"]))
    return _maybe(manifest.get("claim_generator"))


def _bindings(manifest: Mapping[str, Any]) -> Iterator[SoftBinding]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label")).startswith("c2pa.soft-binding"):
            found = assertion.get("data") or {}
            for block in found.get("blocks") or ():
                yield SoftBinding(algorithm=short(str(found.get("alg"))), value=short(str(block.get("value"))))


def _gate(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label")).startswith(GATE) and isinstance(assertion.get("data"), Mapping):
            for name, value in assertion["data"].items():
                said = value if isinstance(value, str) else json.dumps(value)
                yield short(str(name)), short(said)


def _maybe(value: Any) -> str | None:
    return short(value) if isinstance(value, str) and value else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None
