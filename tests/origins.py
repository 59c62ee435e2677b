"""Pictures that say where they come from, made as each writer makes them, and signed credentials of a test authority.

The texts are ordinary ones of our own; only their form is each writer's.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from c2pa import Builder, C2paSignerInfo, C2paSigningAlg, Context, Signer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image, PngImagePlugin

import pictures

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, EDITED, CAMERA = (
    IPTC + "trainedAlgorithmicMedia",
    IPTC + "compositeWithTrainedAlgorithmicMedia",
    IPTC + "digitalCapture",
)
TYPED = "a harbour at dusk, two boats"
WEBUI = (
    f"{TYPED}\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 480x360, Model: model"
)
COMFY_PROMPT = json.dumps(
    {
        "3": {"class_type": "KSampler", "inputs": {
            "seed": 42, "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        }},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "model.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 480, "height": 360, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": TYPED, "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog", "clip": ["4", 1]}},
    }
)  # fmt: skip
COMFY_GRAPH = json.dumps(
    {"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}], "links": [[1, 4, 0, 3, 0, "MODEL"]]}
)
FOOOCUS = {
    "prompt": TYPED, "negative_prompt": "fog", "base_model": "model", "base_model_hash": "0123", "sampler": "dpmpp_2m",
    "steps": 30, "seed": "42", "guidance_scale": 4.0, "sharpness": 2.0, "scheduler": "karras",
    "version": "Fooocus v2.5.5", "performance": "Speed", "metadata_scheme": "fooocus",
}  # fmt: skip
INVOKE = {
    "app_version": "3.7.0", "generation_mode": "txt2img", "positive_prompt": TYPED, "negative_prompt": "fog",
    "seed": 42, "cfg_scale": 7.5, "steps": 30, "scheduler": "euler", "model": {"model_name": "model", "hash": "0123"},
}  # fmt: skip
INVOKE_SD = {
    "model": "stable diffusion", "model_weights": "model", "app_id": "invoke-ai/InvokeAI", "app_version": "2.3.0",
    "image": {"type": "txt2img", "prompt": [{"prompt": TYPED, "weight": 1}], "steps": 30, "cfg_scale": 7.5, "seed": 42,
              "sampler": "k_euler", "width": 480, "height": 360},
}  # fmt: skip
NOVEL_COMMENT = json.dumps(
    {"steps": 28, "sampler": "k_euler", "seed": 42, "uc": "fog", "scale": 5.0, "prompt": TYPED, "signed_hash": "AAAA"}
)
NOVEL = {
    "Title": "NovelAI generated image", "Description": TYPED, "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4 0123", "Comment": NOVEL_COMMENT,
}  # fmt: skip
JOB = f"{TYPED} --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef"
_COMMENT = 0x9286


def picture(seed: int = 1, kind: str = "JPEG", **more: Any) -> bytes:
    """An ordinary picture."""
    stream = io.BytesIO()
    Image.fromarray(pictures.scene(seed, 240, 180)).save(stream, kind, **more)
    return stream.getvalue()


def encoded(pixels: pictures.Pixels, kind: str = "JPEG", **more: Any) -> bytes:
    """Pixels as a file."""
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, kind, **more)
    return made.getvalue()


def stream(data: bytes) -> io.BytesIO:
    """Bytes to read from."""
    return io.BytesIO(data)


def large(texts: Mapping[str, str]) -> bytes:
    """A PNG with these texts and three million pixels."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    made = io.BytesIO()
    Image.new("L", (2000, 1500)).save(made, "PNG", pnginfo=info)
    return made.getvalue()


def png(texts: Mapping[str, str], *, packed: bool = False, international: bool = False, seed: int = 1) -> bytes:
    """A PNG with these texts."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        if international:
            info.add_itxt(name, text, zip=packed)
        else:
            info.add_text(name, text, zip=packed)
    return picture(seed, "PNG", pnginfo=info)


def exif(values: Mapping[int, Any], comment: str | None = None) -> bytes:
    """An EXIF block; `comment` as UNICODE, most significant byte first, as those who write prompts there do."""
    block = Image.Exif()
    for tag, value in values.items():
        block[tag] = value
    if comment is not None:
        block.get_ifd(0x8769)[_COMMENT] = b"UNICODE\0" + comment.encode("utf-16-be")
    return block.tobytes()


def xmp(properties: Mapping[str, str], *, elements: bool = False) -> bytes:
    """A packet with these properties, as attributes or as elements."""
    spaces = {
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "xmp": "http://ns.adobe.com/xap/1.0/", "dcterms": "http://purl.org/dc/terms/", "exif": "http://ns.adobe.com/exif/1.0/",
        "dc": "http://purl.org/dc/elements/1.1/",
    }  # fmt: skip
    named = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
    said = " ".join(f'{name}="{value}"' for name, value in properties.items())
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in properties.items())
    body = f'<rdf:Description rdf:about="" {named}>{inner}</rdf:Description>'
    if not elements:
        body = f'<rdf:Description rdf:about="" {named} {said}/>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{body}</rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


def labelled(properties: Mapping[str, str], kind: str = "JPEG", *, elements: bool = False) -> bytes:
    """A picture with a packet of XMP."""
    packet = xmp(properties, elements=elements)
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        return picture(kind="PNG", pnginfo=info)
    return picture(kind=kind, xmp=packet)


def credit(text: str) -> bytes:
    """A JPEG with a credit line among IPTC-IIM records."""
    value = text.encode()
    record = b"\x1c\x02\x6e" + struct.pack(">H", len(value)) + value
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    body = b"Photoshop 3.0\0" + resource
    plain = picture()
    return plain[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + plain[2:]


def hidden(text: str, *, packed: bool = True) -> bytes:
    """A PNG in whose transparency a text is hidden."""
    body = gzip.compress(text.encode()) if packed else text.encode()
    mark = b"stealth_pngcomp" if packed else b"stealth_pnginfo"
    return hidden_bytes(mark + struct.pack(">I", len(body) * 8) + body)


def hidden_bytes(body: bytes) -> bytes:
    """A PNG in whose transparency these bytes are hidden, column after column."""
    bits = np.unpackbits(np.frombuffer(body, np.uint8))
    height, width = 360, max(240, len(bits) // 360 + 1)
    pixels = pictures.scene(1, width, height)
    alpha = np.full(width * height, 254, np.uint8)
    alpha[: len(bits)] |= bits
    stream = io.BytesIO()
    Image.fromarray(np.dstack([pixels, alpha.reshape(width, height).T])).save(stream, "PNG")
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chunked(kind: bytes, body: bytes, at_end: bool = False) -> bytes:
    """A PNG with one more chunk of any kind and content."""
    plain = picture(kind="PNG")
    place = plain.rindex(b"IEND") - 4 if at_end else 33
    return plain[:place] + chunk(kind, body) + plain[place:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A root, and a signer below it."""

    root: str
    chain: str
    key: bytes

    def sign(
        self, data: bytes, media_type: str = "image/jpeg", *, manifest: Mapping[str, Any] | None = None,
        ingredients: Sequence[tuple[Mapping[str, Any], str, bytes]] = (), remote: str | None = None, embed: bool = True,
    ) -> bytes:  # fmt: skip
        """A file with credentials; by default they say that a generator made it."""
        context = Context.from_dict(
            {"builder": {"thumbnail": {"enabled": False}}, "verify": {"verify_after_sign": False}}
        )
        told = json.dumps(manifest or created(TRAINED))
        with context, Builder(told, context=context) as builder:
            if remote:
                builder.set_remote_url(remote)
            if not embed:
                builder.set_no_embed()
            for about, kind, content in ingredients:
                builder.add_ingredient(json.dumps(about), kind, io.BytesIO(content))
            made = io.BytesIO()
            signer = Signer.from_info(
                C2paSignerInfo(
                    alg=C2paSigningAlg.ES256, sign_cert=self.chain.encode(), private_key=self.key, ta_url=None
                )
            )
            with signer:
                builder.sign(signer, media_type, io.BytesIO(data), made)
        return made.getvalue()


def created(
    source_type: str, *, action: str = "c2pa.created", program: str = "Test generator", more: Any = ()
) -> dict[str, Any]:
    """A manifest: one action, with a digital source type."""
    actions = [{"action": action, "digitalSourceType": source_type}]
    return {
        "claim_generator_info": [{"name": program, "version": "1.0"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}, *more],
    }


@cache
def authority(*, until: datetime | None = None, purpose: str = "email", name: str = "Test") -> Authority:
    """A test authority; `until` is when its signer's certificate ends."""
    now = datetime.now(UTC)
    purposes = {
        "email": ExtendedKeyUsageOID.EMAIL_PROTECTION, "document": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
        "c2pa": x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"), "web": ExtendedKeyUsageOID.SERVER_AUTH,
    }  # fmt: skip
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, leaf_name = _name(f"{name} root"), _name(f"{name} signer")
    usual = {"digital_signature": False, "content_commitment": False, "key_encipherment": False,
             "data_encipherment": False, "key_agreement": False, "key_cert_sign": False, "crl_sign": False,
             "encipher_only": False, "decipher_only": False}  # fmt: skip
    root = (
        x509.CertificateBuilder(root_name, root_name, root_key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=900)).not_valid_after(now + timedelta(days=3000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**usual, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )  # fmt: skip
    leaf = (
        x509.CertificateBuilder(root_name, leaf_name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=800)).not_valid_after(until or now + timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**usual, "digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purposes[purpose]]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )  # fmt: skip
    told = [one.public_bytes(Encoding.PEM).decode() for one in (root, leaf)]
    return Authority(
        root=told[0], chain=told[1] + told[0], key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def _name(text: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, text), x509.NameAttribute(NameOID.ORGANIZATION_NAME, text)]
    )
