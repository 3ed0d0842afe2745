"""A32: whatever is done to the audit trail by somebody who may do everything in the database, it shows, and where.

The attacks are those of the tests; here they go on for long, and the trail is made anew from time to time.
"""

from ground import audit
from soak import world
from soak.harness import Run, figure
from tests.ground.audit import attacks

TRAIL_LASTS = 2_500  # attempts on one trail


@figure(
    "A32",
    "Every falsification of the audit trail is found, and the first bad block named",
    full=10_000,
    small=250,
    unit="falsifications",
)
def falsified(run: Run) -> None:
    seen: set[str] = set()
    while run.ran < run.count and not (run.over and run.ran):
        if run.ran:
            world.fresh()
        with attacks.trail() as trail:
            for number in range(TRAIL_LASTS):
                if run.ran >= run.count or (run.over and run.ran):
                    break
                made = attacks.attempt(trail, number, run.random)
                if made is None:
                    continue
                name, expected, problem = made
                words = name.replace("_", " ")
                if run.check(f"found: {words}", problem is not None, f"attempt {number}"):
                    run.same("the first bad block is named", problem.number, expected, words)
                seen.add(name)
                run.did()
            run.check("the untouched trail holds, and no wound is left by the attempts", audit.verify().ok)
    run.tell(kinds_of_falsification=len(seen))
    run.note(
        "The verifier reads with the forger's own rights, from the keys and anchors outside the database; without "
        "anchors a database that was rolled back whole is perfect in itself, which a test shows."
    )
