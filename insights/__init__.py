"""Aggregates across organizations."""
