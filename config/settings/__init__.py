"""Settings by place: base (everything), local, test, production (only tightens)."""
