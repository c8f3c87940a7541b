"""Sweeps without Katib: the search runs in this process, and each trial is an ordinary job.

sweep.py     what a sweep of this kind consists of: its request, its search and its budget
trials.py    creates the jobs of trials, and records their results
stopping.py  ends the pods of trials before their end
observer.py  follows one trial: what it reports, and how it ends
begun.py     a trial whose job exists
runner.py    keeps all slots busy until the budget is spent
budget.py    the time and the GPU hours that are left
added.py     a trial that a user adds, while the process may begin others
imports.py   jobs that the search learns from, read from their options and logs
find.py      such sweeps, read from their trials

Nothing but the jobs and their annotations knows the sweep: whatever is killed, `resume` goes on from these.
"""
