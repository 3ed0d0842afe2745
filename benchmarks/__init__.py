"""Performance, measured: every figure is a ratio between ways of doing the same work, side by side in one run.

`python -m benchmarks` (or `make bench`) runs everything on servers of its own and writes docs/performance.md.
One module per goal; `harness.py` says what a measurement is, `world.py` what it runs on.
"""
