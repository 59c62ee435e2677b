"""The vault: sealed evidence, kept only as long as there is a reason.

`Vault` seals, opens and destroys; `keyring` holds the service keys; `rotation` wraps everything anew; `retention` knows
how long the law asks; `upkeep` is what happens by itself.
"""

from rempart.evidence.vault.custodians import Custodians
from rempart.evidence.vault.keyring import HeldKeys, KeyFile, Keyring
from rempart.evidence.vault.sealing import Actor, Sealed
from rempart.evidence.vault.vault import Vault

__all__ = ["Actor", "Custodians", "HeldKeys", "KeyFile", "Keyring", "Sealed", "Vault"]
