"""Voice providers, one folder each. Adding one: a folder, its class here, its vectors in the tests."""

from calls.providers.base import Provider
from calls.providers.generic.adapter import GenericProvider
from calls.providers.vapi.adapter import VapiProvider

PROVIDERS: dict[str, Provider] = {each.slug: each for each in (GenericProvider(), VapiProvider())}


def find(slug: str) -> Provider | None:
    """The provider of this slug, or None."""
    return PROVIDERS.get(slug)
