"""A tiny picture in every format that is decoded here: for the worker's warm-up and for `rempart doctor`."""

from __future__ import annotations

import io
from base64 import b85decode
from functools import partial

import numpy as np
from PIL import Image

SIDE = 16

# Formats of which no encoder is at hand where Rempart runs: this module's own gradient, encoded once.
_ENCODED = {
    "image/avif": (
        "0000WW^{RQVRmU|00000VRmU|ZE0pPZE0a<O+hh20002%ZDn*}000000000XXk=`10000000000aA{+70000000000000000"
        "00004sdC7Z2$lO000310016oY;R)#0000)000310RR910RR926951JHUIzsC~0YKW&i*H00031000_kZf0cy000000RRADb}"
        "%tRZ)|UJ00000YH4tCZ~y=ROKEUpZvX%Q6lrsCWdHyG000005C8xG5C8xG5O8UDX#fBK00RgJ2mk;83}JRLLxBJc000006Ju"
        "{|a&BX6cmM$a4FCp!0000NX>e^}0000000001009I60)qqq002I1WMOm?0162h4FB37A)wHJGA9>@hlU}9l1V026aWA^)R8="
        "=K=7e@Ifwh?&;tO}b}nRsAs6rO>;"
    ),
    "image/heic": (
        "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0004eZDn*}000000000XXk=`10000000000aA{+700000000000000000000B"
        "57=IV*mgE07O6l0RRC200001pa1~?00000002Y)001LtX>Mi!000000RR916=`l}WdZ;I000310BCk&F#rGn01j|zbZr0t00"
        "0010002|X>f9I0002oX>en20001WXm(>m0RwOV0058x000009`FGC{rLC*01pFT0096PKmiN^|NjGU00093kN^M!000939=Z"
        "ZRVE_RDDMA4O18@KU0|1Z!00RI30{|YNAb|yz>aLpR;31&EfB*mtfB*mk0EA)y0RRR>0l{;@i2wiq6Ju{|a&BX6cmM$a4FCp"
        "!0000KX>)L8000000000$0000$0000eV{Bn?0000G000010000G00001|NsBc00002|NsBc000020000GaA|mH000000|*ER"
        "0000OX>e^}0000000001009Mo0s{qv0000?ZDe6|0000$C;_h%A#(FT^&}uCEe&-k)c_>H2igSS`u2X2<cy6B$3V?0QXYbK#"
        "D;T#(_cWq`kK@~=Zhvqpv{a+px+(9"
    ),
}


def gradient() -> Image.Image:
    """A 16 × 16 RGB gradient."""
    ramp = np.arange(SIDE, dtype=np.uint8) * (255 // (SIDE - 1))
    return Image.fromarray(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], np.uint8(128)), axis=-1))


def samples() -> dict[str, bytes]:
    """File bytes by media type."""
    save = partial(_save, gradient())
    made = {
        "image/jpeg": save("JPEG"),
        "image/png": save("PNG"),
        "image/webp": save("WEBP"),
        "image/gif": save("GIF"),
        "image/bmp": save("BMP"),
        "image/tiff": save("TIFF", compression="tiff_lzw"),
    }
    return made | {media_type: b85decode(text) for media_type, text in _ENCODED.items()}


def _save(image: Image.Image, format: str, **options: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()
