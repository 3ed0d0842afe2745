"""Breaches with their clocks."""
