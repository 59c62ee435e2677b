"""What a file declares of where it comes from: credentials, source types, traces of generators. A declaration is no
proof, and its absence says nothing."""

from rempart.provenance.origin.reading import prompts_of, read_origin
from rempart.provenance.origin.trust import Trust
from rempart.provenance.origin.values import Credentials, Declaration, Origin

__all__ = ["Credentials", "Declaration", "Origin", "Trust", "prompts_of", "read_origin"]
