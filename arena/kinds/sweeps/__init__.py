"""Sweeps: their options, the Experiment of Katib that runs one, and how it is read. No I/O.

spec.py          the options of a search
placeholders.py  where the values of parameters go in options of the job
holes.py         what Katib replaces by values in the template of a trial
trial_job.py     what Katib has to know of the job of a trial: its container, its chief, its end
experiment.py    the values of the template
reading.py       an Experiment and its Trials as a Sweep
limits.py        what Katib cannot do
trial_jobs.py    jobs that are the trials of a sweep without Katib
trial_results.py how such a trial ended

A sweep is made of a job of any kind, as a cron is: Trials are what a submit would create, except for their
names and the values of the parameters.
"""
