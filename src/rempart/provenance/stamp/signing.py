"""Signing what was made (C2PA 2), and reading it back: only what reads as trusted with the own anchor may leave.

The bytes that are signed were written by this installation's own encoder a moment ago. Thumbnails are off everywhere:
they would put the picture, or a reference photo, into the file a second time, unmarked.
"""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import c2pa

from rempart import __version__
from rempart.errors import CertificateError, SigningUnavailableError
from rempart.provenance.stamp.certificates import SIGNING_USES, algorithm_of, chain_of
from rempart.provenance.watermark import METHOD

log = logging.getLogger(__name__)

GATE = "org.rempart.gate"
PARENT = "parentOf"
_TRUSTED = "Trusted"
_LONGEST_SIGNATURE = 4096
_CHECK = "`rempart certs check` says which rule is broken."
_ALGORITHMS = {
    "ES256": c2pa.C2paSigningAlg.ES256, "ES384": c2pa.C2paSigningAlg.ES384, "ES512": c2pa.C2paSigningAlg.ES512,
    "PS256": c2pa.C2paSigningAlg.PS256, "Ed25519": c2pa.C2paSigningAlg.ED25519,
}  # fmt: skip

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is signed of a picture. `record` is the number in its mark, None where it carries none; `references` are
    (relation, media type); `gate` is what a gate checked."""

    source_type: str
    record: int | None
    system: str | None = None
    system_version: str | None = None
    references: tuple[tuple[str, str | None], ...] = ()
    gate: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFile:
    """A signed file, its manifest's label and bytes, who signed, and whether an authority that the anchor's
    file names as trusted set the time."""

    data: bytes = field(repr=False)
    manifest: str
    store: bytes = field(repr=False)
    signer: str
    timestamped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignCommand:
    """A command that signs: the door to a hardware module or a key service. It gets the bytes to be signed on standard
    input and answers with the signature (ECDSA as DER or as two numbers) on standard output. No shell, and none of our
    own variables. What it says of an error goes into the log alone: whoever asked for a stamp is told no more."""

    argv: tuple[str, ...]
    timeout: float = 20.0

    def __call__(self, data: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - a list of arguments from the operator's own settings, no shell
                list(self.argv), input=data, capture_output=True, timeout=self.timeout, check=False, env=_environ()
            )
        except subprocess.TimeoutExpired as err:
            raise SigningUnavailableError(f"The command that signs took longer than {self.timeout:g} s.") from err
        except OSError as err:
            raise SigningUnavailableError(f"The command that signs cannot be run: {err.strerror}.") from err
        if done.returncode != 0 or not 0 < len(done.stdout) <= _LONGEST_SIGNATURE:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            log.warning(
                "the command that signs ended with code %d: %s", done.returncode, _plain(said[-1] if said else "")
            )
            raise SigningUnavailableError(
                f"The command that signs ended with code {done.returncode}.", hint="Its own words are in the log."
            )
        return done.stdout


class Signing:
    """A certificate and what signs for it: a key in PEM form, or a command. Safe from several threads.

    `chain` has the certificate first; `anchor` is what has to be trusted for it. With `timestamp_url` every signature
    is stamped by that authority (RFC 3161), and outlives the certificate, which `ends` then. Raises CertificateError.
    """

    def __init__(
        self, *, chain: str, anchor: str, key: bytes | None = None, command: Sign | None = None,
        timestamp_url: str | None = None,
    ) -> None:  # fmt: skip
        found = chain_of(chain)
        algorithm = algorithm_of(found[0])
        if algorithm is None:
            raise CertificateError("Keys of this kind do not sign credentials.", hint="See `rempart certs check`.")
        if (key is None) is (command is None):
            raise CertificateError("A certificate needs either a key or a command that signs.")
        chain_of(anchor)
        self._chain, self._algorithm, self._key, self._command = chain, algorithm, key, command
        self._url = timestamp_url
        self.ends = found[0].not_valid_after_utc
        self._context = _context(anchor)

    def sign(self, data: bytes, media_type: str, claim: Claim) -> SignedFile:
        """The file with its credentials. Raises SigningUnavailableError, and CertificateError where what was signed
        does not read back as trusted."""
        failed: list[SigningUnavailableError] = []
        made = io.BytesIO()
        try:
            with self._signer(failed) as signer, c2pa.Builder(manifest_of(claim, media_type), self._context) as builder:
                store = builder.sign(signer, media_type, io.BytesIO(data), made)
        except c2pa.C2paError as err:
            if failed:
                raise failed[0] from err
            raise self._refused(err) from err
        return self._read_back(made.getvalue(), media_type, store)

    def _signer(self, failed: list[SigningUnavailableError]) -> c2pa.Signer:
        if self._command is None:
            url = None if self._url is None else self._url.encode()
            name, chain = self._algorithm.lower().encode(), self._chain.encode()
            return c2pa.Signer.from_info(c2pa.C2paSignerInfo(name, chain, self._key, url))
        command = self._command

        def asked(data: bytes) -> bytes:
            try:
                return command(data)
            except SigningUnavailableError as err:
                failed.append(err)
                raise

        return c2pa.Signer.from_callback(asked, _ALGORITHMS[self._algorithm], self._chain, self._url)

    def _refused(self, err: c2pa.C2paError) -> CertificateError | SigningUnavailableError:
        said = _plain(str(err))
        if self._url is not None and "certificate" not in said.lower():
            return SigningUnavailableError(
                f"The picture was not signed: {said}", hint="Look at stamp.timestamp_url: is the authority there?"
            )
        return CertificateError(
            f"The picture was not signed: {said}", hint="`rempart certs check` says which rule is broken."
        )

    def _read_back(self, data: bytes, media_type: str, store: bytes) -> SignedFile:
        try:
            reader = c2pa.Reader.try_create(media_type, io.BytesIO(data), context=self._context)
            if reader is None:
                raise CertificateError("What was signed has no credentials.")
            with reader:
                told, state = json.loads(reader.json()), reader.get_validation_state()
        except c2pa.C2paError as err:
            raise CertificateError("What was signed cannot be read.") from err
        if state != _TRUSTED:
            raise CertificateError(
                f"What was signed reads back as {str(state).lower()}: "
                + (", ".join(_codes(told, "failure")) or "no reason is given"),
                hint=_CHECK,
            )
        active = told["active_manifest"]
        info = told["manifests"][active].get("signature_info", {})
        codes = _codes(told, "success")
        return SignedFile(
            data=data, manifest=active, store=store, signer=str(info.get("issuer", "")),
            timestamped="timeStamp.trusted" in codes,
        )  # fmt: skip


def manifest_of(claim: Claim, media_type: str) -> dict[str, Any]:
    """What is signed, as the library takes it."""
    assertions: list[dict[str, Any]] = [{"label": "c2pa.actions", "data": {"actions": _actions(claim)}}]
    if claim.record is not None:
        blocks = [{"scope": {}, "value": record_text(claim.record)}]
        assertions.append({"label": "c2pa.soft-binding", "data": {"alg": METHOD, "blocks": blocks}})
    if claim.gate is not None:
        assertions.append({"label": GATE, "data": dict(claim.gate)})
    ingredients = [
        {"title": f"Reference {number}", "relationship": relation, "instance_id": _reference(number)}
        | ({"format": kind} if kind else {})
        for number, (relation, kind) in enumerate(claim.references, start=1)
    ]
    return {
        "claim_generator_info": [{"name": "Rempart", "version": __version__}], "format": media_type,
        "ingredients": ingredients, "assertions": assertions,
    }  # fmt: skip


def _actions(claim: Claim) -> list[dict[str, Any]]:
    """It was created; or what was there before was opened, then edited."""
    parents = [_reference(number) for number, (what, _) in enumerate(claim.references, start=1) if what == PARENT]
    inputs = [_reference(number) for number, (what, _) in enumerate(claim.references, start=1) if what != PARENT]
    last: dict[str, Any] = {
        "action": "c2pa.edited" if parents else "c2pa.created",
        "digitalSourceType": claim.source_type,
    }
    if claim.system:
        version = {"version": claim.system_version} if claim.system_version else {}
        last["softwareAgent"] = {"name": claim.system} | version
    if inputs:
        last["parameters"] = {"ingredientIds": inputs}
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": parents[:1]}}
    return [opened, last] if parents else [last]


def _reference(number: int) -> str:
    return f"xmp.iid:reference-{number}"


def record_text(record: int) -> str:
    """A record's number as it stands in a soft binding: 12 hexadecimal digits."""
    return f"{record:012x}"


def _context(anchor: str) -> c2pa.Context:
    return c2pa.Context.from_dict(
        {
            "verify": {
                "verify_trust": True, "verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False,
            },
            "core": {"allowed_network_hosts": []},
            "trust": {"trust_anchors": anchor, "trust_config": "\n".join(SIGNING_USES)},
            "builder": {"thumbnail": {"enabled": False}},
        }
    )  # fmt: skip


def _codes(told: Mapping[str, Any], kind: str) -> list[str]:
    found: Sequence[Mapping[str, Any]] = told.get("validation_results", {}).get("activeManifest", {}).get(kind, [])
    return [str(one.get("code")) for one in found]


def _environ() -> dict[str, str]:
    """Our environment without what is ours: the service key may stand there."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REMPART_")}


def _plain(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)[:200]
