"""What changes calls: receive, process, store, fetch, destroy, and ask providers to delete."""
