"""Settings, addresses, Celery and the one-command launcher."""
