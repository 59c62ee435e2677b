"""Passkeys (WebAuthn level 3): made and used with user verification, so one of them is two factors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from rempart.errors import RefusedError
from rempart.people.records.persons import Passkey, Person

_VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where passkeys are good: the host's name, and the address that the browser shows."""

    host: str
    origin: str
    name: str = "Rempart"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePasskey:
    """What a browser made and was verified."""

    credential: bytes
    public_key: bytes
    sign_count: int


def registration(site: Site, person: Person, *, challenge: bytes, present: tuple[Passkey, ...]) -> str:
    """The options for the browser to make one, as JSON; devices that have one already are left out."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_name=person.name,
        user_id=person.id.encode(),
        user_display_name=person.shown_name,
        challenge=challenge,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in present],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
    )
    return options_to_json(options)


def registered(site: Site, answer: str, *, challenge: bytes) -> MadePasskey:
    """Check what the browser made. Raises RefusedError."""
    try:
        made = verify_registration_response(
            credential=_object(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as err:
        raise RefusedError("The passkey could not be added.", hint="Try again on this page.") from err
    return MadePasskey(credential=made.credential_id, public_key=made.credential_public_key, sign_count=made.sign_count)


def authentication(site: Site, *, challenge: bytes) -> str:
    """The options for the browser to use one, as JSON; they name no credential, so they tell nobody anything."""
    return options_to_json(
        generate_authentication_options(rp_id=site.host, challenge=challenge, user_verification=_VERIFIED)
    )


def used(site: Site, answer: str, *, challenge: bytes, passkey: Passkey) -> int:
    """Check what the browser signed; gives the new counter. Raises RefusedError."""
    try:
        seen = verify_authentication_response(
            credential=_object(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as err:
        raise RefusedError("The passkey was not accepted.", hint="Try again, or sign in another way.") from err
    return seen.new_sign_count


def credential_of(answer: str) -> bytes:
    """Which passkey the browser says it used. Raises RefusedError."""
    try:
        return base64url_to_bytes(str(_object(answer)["id"]))
    except (ValueError, KeyError) as err:
        raise RefusedError("The passkey was not accepted.", hint="Try again, or sign in another way.") from err


def _object(answer: str) -> dict[str, Any]:
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found
