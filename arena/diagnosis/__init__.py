"""Why a job waits or fails, concluded from what was read: no I/O, no cluster.

records.py       what was looked at: objects, events, logs
json_fields.py   fields of objects that others wrote, whatever their types are
standing.py      how each pod and container stands: waiting, running, ended, and how
log_lines.py     lines of a log: their times, their processes, and which of them belong to its failure
observations.py  everything that rules can match, in one form
rules.py         rules: parsed and checked
rules/           those of arena, as YAML
literals.py      texts that each match of a pattern contains
matching.py      matches of rules
order.py         which match is the cause
diagnose.py      the way through all of these
"""
