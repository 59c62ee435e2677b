"""Settings of what concerns generated pictures: stamping, the gate, partial copies."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from rempart.settings.section import Section

_LOOPBACK = r"^(http://(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?(/[!-~]*)?)?$"


class StampSettings(Section):
    """Stamping what a generator made. `certificate` (a chain, the one to sign with first), `key` and `anchor` are PEM
    files; where the names are empty, those of `rempart certs make` in the data folder are used when they are there.
    `sign_command` signs instead of a key. `timestamp_url` is an RFC 3161 authority: the one address that is called.
    `keep_days` 0 means that records of what was stamped stay."""

    workers: int = Field(1, ge=1, le=64)
    certificate: str = ""
    key: str = ""
    anchor: str = ""
    sign_command: tuple[str, ...] = ()
    sign_seconds: float = Field(20.0, gt=0, le=300)
    timestamp_url: str = ""
    keep_days: int = Field(0, ge=0, le=36_500)

    @field_validator("timestamp_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError("an address that begins with https:// or http://")
        return url


class GateSettings(Section):
    """The gate in front of a generator. `checker_command` or `checker_url` is the operator's own check of outputs: a
    program on this machine, or an address on the loopback. Every refusal waits for a multiple of `refusal_seconds`.
    With `public_requests` anybody may protect a photo at /notice/protect."""

    public_requests: bool = False
    tries_an_hour: int = Field(60, ge=1, le=100_000)
    refusals_a_day: int = Field(10, ge=1, le=100_000)
    refusal_seconds: float = Field(1.0, ge=0.05, le=30)
    checker_command: tuple[str, ...] = ()
    checker_url: str = Field("", pattern=_LOOPBACK)
    checker_seconds: float = Field(5.0, gt=0, le=60)

    @model_validator(mode="after")
    def _one_checker(self) -> Self:
        if self.checker_command and self.checker_url:
            raise ValueError("checker_command and checker_url: set one of them")
        return self


class PartialSettings(Section):
    """Finding parts of listed pictures. With `on`, features are made of pictures that lists are made from, and uploads
    are looked up by theirs. `workers` 0 means one for every two processors."""

    on: bool = False
    workers: int = Field(0, ge=0, le=64)
