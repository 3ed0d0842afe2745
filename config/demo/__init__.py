"""What a fresh platform shows: three invented organizations with months of calls, loaded by `manage.py demo`.

Nobody in here exists. Numbers come from the ranges that France, Germany and the United Kingdom keep free for fiction,
addresses end in `.example`, names are drawn from lists, voices are a synthesiser's.
"""
