"""Agents and connections for programs: the same services as the pages."""
