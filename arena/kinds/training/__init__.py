"""Kinds of training jobs, one module each with its Spec, values, read and KIND; and what they share.

base.py         the Spec that all share
render.py       Spec -> the values that templates share
environment.py  Spec -> the variables of containers
volumes.py      Spec -> the volumes of pods and where containers see them
fetch.py        Spec -> the container that fetches code
extras.py       Spec -> what is made beside the job: config files, secrets, TensorBoard
reading.py      an object and its pods -> a Job
pods.py         a pod -> an instance of the model
status.py       an object and its instances -> phase and reason
"""

PARTS = frozenset("base render environment volumes fetch extras reading pods status".split())
"""The modules that are no kinds; every other one is."""
