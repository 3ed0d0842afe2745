"""Agent configurations, published revisions, disclosures, connections to providers."""
