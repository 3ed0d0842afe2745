"""Stripe customers, subscriptions, invoices."""
