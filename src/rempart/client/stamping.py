"""The picture that a stamp gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from rempart.client.requests import Call
from rempart.errors import ServerAnswerError

_HEADS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedPicture:
    """A picture with its label, mark and credentials: `data` is what to give out, to the byte.

    `record_id` is 12 hexadecimal digits; `psnr_db` is None where it carries no mark (`unmarked` says why); `c2pa` is
    `trusted`, or `none` where the server has no certificate. `replaced` names what the file carried and carries no
    more.
    """

    data: bytes = field(repr=False)
    media_type: str
    record_id: str
    psnr_db: float | None
    c2pa: str
    unmarked: str | None = None
    replaced: tuple[str, ...] = ()


def stamp_call(data: bytes, *, generator: str | None, edited: bool, references: int) -> Call:
    """A stamp of bytes. The server makes a record each time it is asked."""
    params: dict[str, Any] = {"references": references, "edited": "true" if edited else "false"}
    if generator is not None:
        params["generator"] = generator
    headers = {"Content-Type": "application/octet-stream"}
    return Call(method="POST", path="/v1/stamp", params=params, headers=headers, content=data)


def stamped_of(answer: httpx.Response) -> StampedPicture:
    """The picture of an answer. Raises ServerAnswerError for anything else."""
    kind, said = answer.headers.get("content-type", ""), answer.headers
    try:
        if not answer.content.startswith(_HEADS[kind]):
            raise ValueError("no picture")
        psnr = said["rempart-psnr"]
        return StampedPicture(
            data=answer.content, media_type=kind, record_id=said["rempart-record"],
            psnr_db=None if psnr == "none" else float(psnr), c2pa=said["rempart-c2pa"],
            unmarked=said.get("rempart-unmarked"),
            replaced=tuple(filter(None, said.get("rempart-replaced", "").split(","))),
        )  # fmt: skip
    except (KeyError, ValueError) as err:
        raise ServerAnswerError from err
