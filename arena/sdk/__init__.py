"""The library: the functions behind the commands, with a session's defaults.

`submits` makes jobs, `jobs` is about those that are there, `crons` about jobs on a schedule, `clusters` about
what else there is. Everything takes a `Session` from `arena.connect()`, returns values of `arena.model` or
`arena.inventory`, raises `arena.errors`, prints nothing. Where a function takes the name of a job, `kind`
says which is meant if several kinds have one of that name.
"""
