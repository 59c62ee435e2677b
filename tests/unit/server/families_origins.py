"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

from typing import get_args

from rempart.intake.generator.recognising import By
from rempart.provenance.derivation.comparing import Finding, Reason
from rempart.provenance.origin.values import CredentialState, Declaration, Place, Unread

FAMILIES: dict[str, list[str]] = {
    "made.declared.": [one.value for one in Declaration],
    "made.not_meant.": [one.value for one in Declaration],
    "made.unread.": [one.value for one in Unread],
    "made.in.": [one.value for one in Place],
    "made.state.": ["absent", *(one.value for one in CredentialState)],
    "made.state_short.": [one.value for one in CredentialState],
    "made.mark_is.": ["found", "none", "small", "unread", "soon", "never"],
    "made.file.": [one.value for one in Declaration if one is not Declaration.NONE],
    "made.here.": list(get_args(By)),
    "compare.finding.": [one.value for one in Finding],
    "compare.reason.": [one.value for one in Reason],
    "made.by.": list(get_args(By)),
}
SAME: set[str] = {
    "made.unread.xmp",
    "made.unread.iptc",
    "made.unread.exif",
    "made.in.xmp",
    "made.in.iptc",
    "made.in.exif",
}
SAYING: set[str] = set()
