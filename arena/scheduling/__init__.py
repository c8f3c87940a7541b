"""Where the scheduler of a cluster can place pods: nodes, requests, predicates and packing, without any I/O.

Objects of the cluster come in as dicts and become values (`nodes`, `pods`, `volumes`). A `State` knows what
is free on each node and which pods keep others away; `packing` tries placements, `verdicts` judges them, and
`explanations` says what is missing. What the API server adds or refuses before that is in `limit_ranges` and
`quotas`. Nothing here knows kinds, sessions or the gateway.
"""
