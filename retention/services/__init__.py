"""The verbs of retention: settings, sweep, destroy, certificates, moments, overdue, reconciliation."""
