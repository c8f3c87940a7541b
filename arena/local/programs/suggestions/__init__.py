"""Suggestions: the sets of parameters that a search tries next, computed by a process of their own.

The libraries of searches take more memory than the whole server. So each Experiment that runs has a process,
which the server starts, feeds with the trials and ends; whatever kills it, the next one continues from these.

- `process`  the process; the only module here that imports `arena.search`
- `control`  the server's side
"""
