"""Who may sign in, for which organization, and in which role."""

from accounts.models.organizations import Membership, Organization, OrganizationState, Role
from accounts.models.users import User, UserManager

__all__ = ["Membership", "Organization", "OrganizationState", "Role", "User", "UserManager"]
