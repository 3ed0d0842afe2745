"""Cookies, marketing, call consent, suppression list, opt-outs."""
