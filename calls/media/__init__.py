"""Sound: fetched from providers without trusting their addresses, recognised, measured, kept sealed."""
