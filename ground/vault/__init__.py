"""The vault: erasing means destroying a key.

Call through the modules (`vault.keys.mint`, `vault.blind.digest`, `vault.objects.store`, `vault.journal.append`,
`vault.signing.sign`) and use the sealing verbs by name. Modules that need models load on first use, so that this
package can be imported while Django is still starting.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ground.vault.exceptions import Unavailable, VaultError
from ground.vault.sealing import DataKey, seal, seal_json, unseal, unseal_json

if TYPE_CHECKING:
    from ground.vault import (
        backup,
        blind,
        gate,
        hooks,
        journal,
        keys,
        keystore,
        objects,
        rotation,
        shelves,
        signing,
        stock,
    )
    from ground.vault.row_sealers import Sealer, sealer, sealers

__all__ = [
    "DataKey",
    "Sealer",
    "Unavailable",
    "VaultError",
    "backup",
    "blind",
    "forget_everything",
    "gate",
    "hooks",
    "journal",
    "keys",
    "keystore",
    "objects",
    "rotation",
    "seal",
    "seal_json",
    "sealer",
    "sealers",
    "shelves",
    "signing",
    "stock",
    "unseal",
    "unseal_json",
]

_MODULES = {
    "backup",
    "blind",
    "gate",
    "hooks",
    "journal",
    "keys",
    "keystore",
    "objects",
    "rotation",
    "shelves",
    "signing",
    "stock",
}
_NAMES = {"Sealer": "row_sealers", "sealer": "row_sealers", "sealers": "row_sealers"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def forget_everything() -> None:
    """Drop every key, client and open store of this process (settings changed, a restore began, a test ended)."""
    from ground.vault import aws, blind, gate, journal, keystore, objects, shelves, signing, stock

    gate.forget()
    shelves.drop_cache()
    stock.forget()
    blind.forget()
    signing.forget()
    for opened in (aws.s3_client, aws.kms_client, keystore.store, objects.store, journal.journal):
        opened.cache_clear()
