"""What every app stands on: profiles, clocks, tenancy, vault, audit, jobs, inventory, in this order."""
