"""Retention for programs: the same services as the pages."""
