"""Canaries: a change of a serving runs beside it, gets a part of the traffic, and is promoted or rolled back.

`canary.py` has the verbs, `state.py` what the serving's annotation says of a canary. There is one module for
each type of object that can have one, with the functions of `forms.Form`, and `sources.py` has what measures.
"""
