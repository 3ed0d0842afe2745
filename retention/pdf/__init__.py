"""Certificates on paper: what stands on them (`document`), our template, and the process that sets it (`press`)."""
