"""Users, organizations, memberships, roles, API keys."""
