"""The few ways across the wall between organizations, each a named SQL function with its reason.

A test compares this list with the catalogue: a SECURITY DEFINER function that is not listed here fails the build.
"""

CROSSINGS: dict[str, str] = {
    "accounts_memberships_of": "after sign-in, a person's own organizations must be found before one is chosen",
}
