"""The operators: what makes jobs, Deployments and Services happen, one module a kind.

Each module that exposes `operator() -> Operator` is found by listing this package; nothing registers
it. Operators are clients of the API: they know `arena.local.objects` and nothing of the store, so
the same ones can be run against a real cluster. They are level-triggered, idempotent and keep no
state between calls: after a crash at any line a fresh runner finishes the work.

- `runner`, `queue`, `operator`  the thread that calls them, its queue, and their common shape
- `kubeflow` and its parts       what the training operator's kinds share
- `tfjob`, `pytorchjob`, ...     one kind each
- `et` and its parts             the ET operator's TrainingJob, and requests to scale it
- `remote`                       stands for ssh between pods here; a program of its own that runs in them
- `proxy`                        the loopback TCP proxy behind Services
"""
