"""The ledger: an append-only Merkle log in which every step of the deployment is written down.

`append` and `append_many` write leaves in the caller's transaction; `erase` takes away the salts of a subject.
"""

from rempart.evidence.ledger.appending import append, append_many, erase
from rempart.evidence.ledger.leaves import Leaf

__all__ = ["Leaf", "append", "append_many", "erase"]
