"""What breaks the platform, and what holds: seeded faults, and a comparison of everything with an outside journal.

`make soak` runs every figure for twenty minutes altogether; `SOAK=full make soak` runs the full counts, however long
that takes; `make test` runs small counts of the same code. docs/reliability.md is written by the run and by nobody
else: it says how much of each figure ran, and `not run` where nothing did.

A figure is a function in `faults_….py` or `data_….py`:

    @figure("A28", "No canary is found anywhere outside the vault", full=5_000, small=50)
    def canaries(run: Run) -> None:
        for _ in run.turns():
            ...
            run.check("nothing in the logs", not hits, f"{hits} in {path}")

It gets a fresh world (databases, folders) of its own. Whoever needs web, worker and beat as processes takes
`soak.platform`, killed and paused through `soak.nemesis`; `soak.journal` remembers outside the system what was
acknowledged and what must be gone; `soak.checker` compares.
"""
