"""The registry, versions, change notices, objections."""
