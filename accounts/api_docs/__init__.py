"""The page that explains the API: read from the API's own document, so it cannot say something else."""
