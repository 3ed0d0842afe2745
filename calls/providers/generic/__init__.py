"""Any platform that signs with Standard Webhooks and sends our own form of a call."""
