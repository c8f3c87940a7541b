"""Kinds of training jobs, one module each: `<kind>job.py` with its Spec, values, read and KIND.

base.py    the Spec that all share
render.py  Spec -> the values that templates share
extras.py  Spec -> what is made beside the job: config files, secrets, TensorBoard
pods.py    a pod -> an instance of the model
status.py  an object and its instances -> phase and reason
"""
