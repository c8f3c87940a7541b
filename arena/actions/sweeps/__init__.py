"""Sweeps: submit, find, stop, pause and extend them, and what their trials achieved.

filling.py   placeholders of the options of a job, filled
config_files.py  placeholders of config files, filled
submit.py    a sweep of a job: checks, plan, creation
find.py      sweeps with their trials
add.py       a trial by hand
imports.py   jobs that the search learns from
change.py    stop, pause, resume, extend
delete.py    deletion
best.py      the job of a trial, as a command line and as a manifest
why.py       why a trial or a sweep fails or waits
jobs.py      the jobs of trials, and their logs
wait.py      wait for the end
compare.py   trials of one sweep or of several, to compare
export.py    the trials as a table for other programs
study.py     the trials as a study of Optuna
"""
