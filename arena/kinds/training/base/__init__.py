"""What the kinds of training jobs are built from.

spec.py               the options that all kinds share
workers.py            options and values of kinds whose workers are all alike
render.py             values that the templates of all kinds share
rendezvous.py         variables by which workers find each other
queues.py             queues and gangs of Kueue, Volcano and coscheduling
reading.py, status.py an object and its pods -> a Job, its phase and the reason for it
training_operator.py  what the kinds of the training operator share
et_operator.py        what elastic and DeepSpeed jobs share; ssh_key.py makes the key of their launchers
ray_pods.py           the pods of a RayJob
volcano_tasks.py      the tasks of a Job of Volcano
"""
