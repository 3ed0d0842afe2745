"""Pages of retention and proof. Each view states its permission first; rules live in services."""
