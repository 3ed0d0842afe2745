"""What delivery does: e-mails, notices, preferences, digests."""
