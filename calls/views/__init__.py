"""Doors of calls that are no pages: deliveries of providers, and sound."""
