"""E-mail, in-app notices, outgoing webhooks: queued, logged, re-sent."""
