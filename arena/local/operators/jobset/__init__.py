"""JobSet: groups of Jobs that start, restart and end together."""
