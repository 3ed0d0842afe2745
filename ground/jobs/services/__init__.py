"""What changes jobs: enqueue, run, sweep, and what staff may do."""
