"""What the Specs of training jobs are built from.

spec.py           the options that all kinds share
workers.py        options and values of kinds whose workers are all alike
render.py         values that the templates of all kinds share
rendezvous.py     variables by which workers find each other
queues.py         queues and gangs of Kueue, Volcano and coscheduling
et_operator.py    what elastic and DeepSpeed jobs share; ssh_key.py makes the key of their launchers
volcano_tasks.py  the tasks of a Job of Volcano
"""
