"""What changes the audit trail: append, seal, expire, begin an epoch."""
