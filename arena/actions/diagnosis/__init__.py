"""Why a job waits or fails.

A kind reads the first findings from a job's object and its pods. Explainers ask the cluster for more, and put
their findings first. The first finding is the reason of the job.

explain.py      runs the explainers, in their order
explainer.py    what an explainer is
explainers/     one module for each, found by its file
periodic.py     the same for watches: asks the cluster every few seconds at most
events.py       the events of a job
lone_ranks.py   ranks that train alone, detected in their output
"""
