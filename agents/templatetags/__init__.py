"""Words of agents for templates."""
