"""A small Django app as people would write it otherwise, for comparison. `tables.py` makes and fills its tables."""
