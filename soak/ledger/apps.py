"""Django registration. For small counts leases are short, so that a test does not wait half a minute for each."""

import os

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "soak.ledger"
    label = "ledger"

    def ready(self) -> None:
        from datetime import timedelta

        from ground.jobs import holding
        from ground.jobs import lease as leases
        from retention.services import lease as purges

        if os.environ.get("SOAK_HURRY") == "1":
            leases.HOLD_SECONDS, holding.BEAT_SECONDS, holding.GRACE_SECONDS = 3.0, 1.0, 1.0
            purges.LEASE = timedelta(seconds=15)  # of a purge: it is renewed with every batch
