"""The search of a sweep: its space, what to try next, which trials to stop, and what the results say.

Everything here is pure: no I/O, no cluster, no commands. Only `optuna_samplers.py` and
`optuna_importance.py` import Optuna, late.
"""
