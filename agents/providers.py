"""What each provider can prove, where its secret is made, and what a person does there, step by step."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import AuthMode, Provider


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """`modes`: how deliveries can be proved, best first. `secret_made_here`: we make it and show it once; otherwise it
    comes from the provider. `deletes`: the provider's API can destroy its own copy."""

    provider: Provider
    modes: tuple[AuthMode, ...]
    secret_made_here: bool
    deletes: bool
    steps: tuple[str | Promise, ...]

    @property
    def name(self) -> str:
        return str(self.provider.label)


_OWN = (AuthMode.HMAC,)

FACTS: dict[Provider, ProviderFacts] = {
    facts.provider: facts
    for facts in (
        ProviderFacts(
            Provider.GENERIC,
            (AuthMode.STANDARD_WEBHOOKS,),
            secret_made_here=True,
            deletes=False,
            steps=(
                _("Send a POST to this address when a call ends, with the call as JSON."),
                _(
                    "Sign it with the secret, as the Standard Webhooks specification says: webhook-id, "
                    "webhook-timestamp, webhook-signature."
                ),
                _("Repeat until the answer is 2xx. The same webhook-id twice is stored once."),
            ),
        ),
        ProviderFacts(
            Provider.VAPI,
            (AuthMode.STANDARD_WEBHOOKS, AuthMode.HMAC, AuthMode.BEARER),
            secret_made_here=True,
            deletes=True,
            steps=(
                _("In Vapi, open Organization settings, Server URL, and put this address there."),
                _(
                    "Add a custom credential of type HMAC with the secret. For Standard Webhooks: header "
                    "webhook-signature with prefix “v1,”, webhook-timestamp, webhook-id, payload "
                    "“{svix-id}.{timestamp}.{body}”, base64, and “secret is base64” switched on."
                ),
                _("Set a back-off plan with 10 retries: without one Vapi sends each call once and never again."),
                _("Choose end-of-call-report among the server messages."),
            ),
        ),
        ProviderFacts(
            Provider.RETELL,
            _OWN,
            secret_made_here=False,
            deletes=True,
            steps=(
                _(
                    "In Retell, open API keys and copy the key with the webhook badge: it signs the deliveries. "
                    "Paste it here; it is sealed and never shown again."
                ),
                _("Open Webhooks and put this address there, for the account or for one agent."),
                _("Choose call_ended and call_analyzed."),
            ),
        ),
        ProviderFacts(
            Provider.ELEVENLABS,
            _OWN,
            secret_made_here=False,
            deletes=True,
            steps=(
                _(
                    "In ElevenLabs, open Agents, Settings, Post-call webhook, and create one with HMAC to the "
                    "this address."
                ),
                _("Paste the webhook secret here; ElevenLabs shows it once."),
                _("Switch retries on, and audio events off: the sound is fetched when the call is stored."),
            ),
        ),
        ProviderFacts(
            Provider.TWILIO,
            _OWN,
            secret_made_here=False,
            deletes=True,
            steps=(
                _("Paste the Auth Token of the account here: Twilio signs with it."),
                _("Put this address as status callback and as recording status callback of your calls."),
            ),
        ),
        ProviderFacts(
            Provider.TELNYX,
            _OWN,
            secret_made_here=False,
            deletes=True,
            steps=(
                _("Paste the public key of the account here (Keys and credentials)."),
                _("Put this address as webhook of the voice application."),
            ),
        ),
        ProviderFacts(
            Provider.BLAND,
            _OWN,
            secret_made_here=False,
            deletes=False,
            steps=(
                _("In Bland, create a webhook secret and paste it here."),
                _(
                    "Give this address as webhook of your calls. Bland has no way to destroy its copy by "
                    "API: set its own retention."
                ),
            ),
        ),
    )
}


def facts_of(provider: str) -> ProviderFacts:
    """The facts of a provider; ValueError for a word that names none."""
    return FACTS[Provider(provider)]
