"""Promises, conformance, public notice."""
