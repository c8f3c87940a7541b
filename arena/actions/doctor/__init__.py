"""What is wrong with a cluster or the way to it, before a job is.

examine.py   runs all checks at once, each with a limit of time
checks/      one module for each concern; each has `check(session)`, which yields what it found
"""
