"""People an organization knows."""
