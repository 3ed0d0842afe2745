"""An HTTP session that resolves every name itself and refuses private networks, at each request anew."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
from django.conf import settings
from requests_hardened.client import HTTPSession
from requests_hardened.config import Config

USER_AGENT = "sottovoce"


def hardened_session() -> requests.Session:
    """A session without redirects, proxies or .netrc; loopback only where the settings say so.

    A proxy from the environment would resolve names out of our sight, and .netrc could add credentials.
    """
    session: requests.Session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=bool(settings.MEDIA_FETCH_ALLOW_LOOPBACK),
            never_redirect=True,
            default_timeout=(5.0, 20.0),
            user_agent_override=USER_AGENT,
        )
    )
    session.trust_env = False
    return session


def seconds_of_retry_after(header: str | None, *, most: int = 24 * 60 * 60) -> int | None:
    """Seconds named by a Retry-After header (a number or a date, RFC 9110 section 10.2.3), at most `most`."""
    if not header:
        return None
    if header.strip().isdigit():
        return min(int(header.strip()[:9]), most)
    try:
        moment = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, min(int((moment - datetime.now(UTC)).total_seconds()), most))
