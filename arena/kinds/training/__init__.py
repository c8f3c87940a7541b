"""Kinds of training jobs, one module each with its Spec, values, read and KIND; and what they share.

base.py         the Spec that all share
peers.py        what those share whose workers are all alike
render.py       Spec -> the values that templates share
environment.py  Spec -> the variables of containers
volumes.py      Spec -> the volumes of pods and where containers see them
fetch.py        Spec -> the container that fetches code
code.py         Spec -> what brings the code of --code, from its parts in the cluster
extras.py       Spec -> what is made beside the job: config files, secrets, TensorBoard
queues.py       Spec -> what it asks of a queue, or for all its pods at once
reading.py      an object and its pods -> a Job
pods.py         a pod -> an instance of the model
raypods.py      the pods of a RayJob, and their places
releases.py     the releases of TFJob and PyTorchJob under one version
status.py       an object and its instances -> phase and reason
trainingjob.py  what elastic and DeepSpeed jobs share
sshkey.py       a key that a launcher reaches its workers with
"""

_PARTS = """
base peers render environment volumes fetch code extras queues reading pods raypods status trainingjob
sshkey releases
"""
PARTS = frozenset(_PARTS.split())
"""The modules that are no kinds; every other one is."""
