"""Where shelf keys, blind keys and signing keys live: outside PostgreSQL, wrapped by the root, in two places."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ground.vault.aws import s3_client
from ground.vault.keystore.places import BucketPlace, FolderPlace
from ground.vault.keystore.store import KeyStore
from ground.vault.root import configured_root

__all__ = ["BucketPlace", "FolderPlace", "KeyStore", "store"]


@lru_cache(maxsize=1)
def store() -> KeyStore:
    """The key store of the settings, opened once per process."""
    primary: FolderPlace | BucketPlace
    mirror: FolderPlace | BucketPlace
    if settings.KEYSTORE_BACKEND == "folder":
        primary, mirror = FolderPlace(Path(settings.KEYSTORE_PATH)), FolderPlace(Path(settings.KEYSTORE_MIRROR_PATH))
        same = primary.folder.absolute() == mirror.folder.absolute()
    elif settings.KEYSTORE_BACKEND == "s3":
        primary = BucketPlace(s3_client(), settings.KEYSTORE_BUCKET)
        mirror = BucketPlace(s3_client(), settings.KEYSTORE_MIRROR_BUCKET)
        same = not primary.bucket or not mirror.bucket or primary.bucket == mirror.bucket
    else:
        raise ImproperlyConfigured(f"KEYSTORE_BACKEND is {settings.KEYSTORE_BACKEND!r}; it must be folder or s3.")
    if same:
        raise ImproperlyConfigured("The key store and its mirror must be two different places (see KEYSTORE_*).")
    return KeyStore(primary, mirror, lambda empty: configured_root(may_create=empty))
