"""Periods, sweep, certificates, reconciliation."""
