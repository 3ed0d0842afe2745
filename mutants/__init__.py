"""Mutation testing of the pure modules: every small change to their code must make a fast test fail.

    make mutants                      all modules
    make mutants only=ground/clocks   some of them; the others keep their last result in docs/mutation.md

A module is pure when it can be tested without database, network and disk. One operator at a time is changed: a
comparison, an arithmetic or boolean operator, a number, a truth value, a condition, a return value. Messages of errors
and declarations of tables are left alone.

The tests are collected once and run once unchanged, to see which of them enter which function. Then, for each mutant,
those that enter the changed function run in a fork of that process, the fastest first, with the changed code put into
the functions that stand there: nothing is imported again and no server is needed.

A change that no test can tell from the original stands in `equivalent.toml` with its reason. It is run like any other
(caught, it was none, and the run fails), counted apart, and shown.
"""

GOAL = 90  # percent of the mutants that are not equivalent, of each module and of all
