"""The forms of the gate's two routes and their answers, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

MOST_END_USER = 256
MOST_REFERENCES = 16
MOST_GENERATOR = 200
PICTURES = ("image/jpeg", "image/png", "image/webp")
"""What an answer with a stamped picture holds."""

_BYTES = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
BODY: dict[str, Any] = {"required": True, "content": {"application/octet-stream": _BYTES, "image/*": _BYTES}}


def _query(name: str, told: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string", **schema}, "description": told}


_END_USER = _query(
    "end_user",
    "The service's own reference of the person who asks, by which tries are limited; or the header "
    "`Rempart-End-User`, percent-encoded. Without it all that have none share one limit.",
    minLength=1,
    maxLength=MOST_END_USER,
)
REFERENCE_PARAMETERS: list[dict[str, Any]] = [_END_USER]
OUTPUT_PARAMETERS: list[dict[str, Any]] = [
    _END_USER,
    {
        "name": "reference",
        "in": "query",
        "schema": {"type": "array", "maxItems": MOST_REFERENCES, "items": {"type": "string", "maxLength": 64}},
        "description": "The `gate` of each reference photo that went into the picture; repeated for several.",
    },
    _query("generator", "What made the picture, for its label; such as `atelier 2.1`.", maxLength=MOST_GENERATOR),
    _query("edited", "`true`: the picture is an edit of its first reference.", enum=["true", "false"]),
    _query("stamp", "`false`: only check the picture, and give no bytes back.", enum=["true", "false"]),
]


def _verdict(*allowed: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["verdict"],
                "additionalProperties": False,
                "properties": {
                    "verdict": {"type": "string", "enum": list(allowed)},
                    "gate": {"type": "string", "description": "With `allow` only: the record of this check."},
                    **(more or {}),
                },
            }
        }
    }


_HEADERS: dict[str, Any] = {
    "Rempart-Gate": {"schema": {"type": "string"}, "description": "With a picture: the record of this check."},
    "Rempart-Record": {"schema": {"type": "string"}, "description": "With a picture: the id that its mark carries."},
}
_WATERMARK: dict[str, Any] = {
    "type": "object",
    "required": ["found", "record_id"],
    "description": "With `allow` only: whether it carries our own mark; `found` is null where nobody could look.",
    "properties": {
        "found": {"type": ["boolean", "null"]},
        "record_id": {"type": ["string", "null"], "pattern": "^[0-9a-f]{12}$"},
    },
}
REFERENCE_ANSWER: dict[str, Any] = {
    "description": "Whether the photo may be used. Each refusal is the same, whatever its cause.",
    "content": _verdict("allow", "block", more={"watermark": _WATERMARK}),
}
OUTPUT_ANSWER: dict[str, Any] = {
    "description": "The stamped picture where it may go out; otherwise JSON with the verdict.",
    "headers": _HEADERS,
    "content": {
        **_verdict("allow", "hold", "block"),
        **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES},
    },
}
