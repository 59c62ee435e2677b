"""The forms of checks and their answers, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

_ANY = ("application/octet-stream",)
_FAMILIES = ("image/", "video/")


def takes(kind: str) -> bool:
    """Whether a check takes a body of this media type as bytes."""
    return kind == "multipart/form-data" or kind in _ANY or kind.startswith(_FAMILIES)


_ITEM_ID = {"type": "string", "minLength": 1, "maxLength": 512, "description": "The service's own id of the item."}
_CONTEXT = {
    "type": "object",
    "maxProperties": 32,
    "additionalProperties": {
        "anyOf": [{"type": "string", "maxLength": 256}, {"type": "integer", "format": "int64"}, {"type": "boolean"}]
    },
    "description": "Whatever the policy's rules may ask about, such as the place of an upload.",
}
_FACTS: dict[str, Any] = {
    "item_id": _ITEM_ID,
    "uploader": {
        "type": ["string", "null"],
        "maxLength": 512,
        "description": "The service's reference of who uploaded it.",
    },
    "url": {
        "type": ["string", "null"],
        "maxLength": 2048,
        "description": "Where the service shows it; never fetched unless listed.",
    },
    "published": {"type": ["boolean", "null"], "description": "Whether others can see it already."},
    "context": _CONTEXT,
}


def _hex(digits: int) -> dict[str, Any]:
    return {"type": ["string", "null"], "pattern": f"^[0-9a-fA-F]{{{digits}}}$"}


SIGNALS = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        "sha256": _hex(64), "sha1": _hex(40), "md5": _hex(32), "pdq": _hex(64),
        "pdq_quality": {"type": ["integer", "null"], "minimum": 0, "maximum": 100},
    },
}  # fmt: skip
QUESTION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["item_id", "signals"],
    "properties": {**_FACTS, "signals": SIGNALS},
}
_FETCH = {
    "type": "object",
    "additionalProperties": False,
    "required": ["item_id", "url", "fetch"],
    "properties": {**_FACTS, "url": {"type": "string", "maxLength": 2048}, "fetch": {"const": True}},
}
_BYTES = {"schema": {"type": "string", "format": "binary", "minLength": 1}}
CHECK_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/octet-stream": _BYTES,
        "image/*": _BYTES,
        "video/*": _BYTES,
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["item_id", "file"],
                "properties": {
                    **{name: {"type": "string"} for name in _FACTS},
                    "item_id": _ITEM_ID,
                    "file": {"type": "string", "format": "binary"},
                },
            }
        },
        "application/json": {"schema": {"anyOf": [QUESTION, _FETCH]}},
    },
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "A retry with the same key and body has the same answer, and is no second check.",
}


def _query(name: str, told: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}, "description": told}


CHECK_PARAMETERS: list[dict[str, Any]] = [
    _KEY,
    _query("item_id", "For a raw body; or the header `Rempart-Item-Id`, percent-encoded."),
    _query("uploader", "For a raw body; or the header `Rempart-Uploader`."),
    _query("url", "For a raw body; or the header `Rempart-Url`."),
    _query("published", "`true` or `false`, for a raw body; or the header `Rempart-Published`."),
    _query("context", "A JSON object, for a raw body; or the header `Rempart-Context`."),
]
BATCH_PARAMETERS = [_KEY]

ORIGIN_SCHEMA: dict[str, Any] = {
    "type": ["object", "null"],
    "description": "What the file says of where it comes from; null where signals came alone, or nobody could look.",
    "required": ["declaration", "c2pa", "generator"],
    "additionalProperties": False,
    "properties": {
        "declaration": {
            "type": "string",
            "enum": ["ai_made", "ai_edited", "camera", "conflicting", "none"],
            "description": "Absence says nothing: `none` is never evidence of a photograph.",
        },
        "c2pa": {
            "type": "object",
            "required": ["present", "state"],
            "additionalProperties": False,
            "properties": {
                "present": {"type": "boolean"},
                "state": {"type": ["string", "null"], "enum": ["trusted", "valid", "invalid", None]},
            },
        },
        "generator": {"type": ["string", "null"], "maxLength": 300},
    },
}
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["item_id", "verdict", "outcome", "request_id", "origin"],
    "additionalProperties": False,
    "properties": {
        "item_id": {"type": "string"},
        "verdict": {"type": "string", "enum": ["allow", "hold", "block"]},
        "outcome": {
            "type": "string",
            "enum": ["ok", "low_quality", "unreadable", "too_large", "timed_out", "not_media", "not_examined"],
            "description": "What became of the bytes; `not_examined` where signals came alone.",
        },
        "request_id": {"type": "string"},
        "origin": ORIGIN_SCHEMA,
        "case": {"type": ["string", "null"], "description": "With the scope `analyst` only."},
        "matches": {"type": "array", "items": {"type": "object"}, "description": "With the scope `analyst` only."},
    },
}
ANSWER: dict[str, Any] = {"description": "The verdict.", "content": {"application/json": {"schema": ANSWER_SCHEMA}}}
BATCH_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["checks"],
                "properties": {"checks": {"type": "array", "minItems": 1, "maxItems": 1000, "items": QUESTION}},
            }
        }
    },
}
_PROBLEM = {
    "type": "object", "required": ["problem"], "properties": {"problem": {"$ref": "#/components/schemas/Problem"}},
}  # fmt: skip
BATCH_ANSWER: dict[str, Any] = {
    "description": "An answer or a problem for each check, in order.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["results"],
                "properties": {"results": {"type": "array", "items": {"anyOf": [ANSWER_SCHEMA, _PROBLEM]}}},
            }
        }
    },
}

CONTENT_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/octet-stream": _BYTES, "image/*": _BYTES, "video/*": _BYTES},
}
ITEM_ANSWER: dict[str, Any] = {
    "description": "The item as it stands now.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["item_id", "verdict", "request_id", "checked", "decided", "content"],
                "additionalProperties": False,
                "properties": {
                    "item_id": {"type": "string"},
                    "verdict": {"type": "string", "enum": ["allow", "hold", "block"]},
                    "request_id": {"type": "string", "description": "The last check of it."},
                    "checked": {"type": "string", "format": "date-time"},
                    "decided": {"type": "boolean", "description": "Whether people decided this verdict."},
                    "content": {"type": "boolean", "description": "Whether its bytes are sealed here."},
                    "case": {"type": ["string", "null"]},
                    "matches": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    },
}
