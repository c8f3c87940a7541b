"""What the kinds of training jobs are built from, apart from their Specs.

reading.py, status.py an object and its pods -> a Job, its phase and the reason for it
queues.py             the queue of an object
training_operator.py  what the kinds of the training operator share
et_operator.py        what elastic and DeepSpeed jobs share
ray_pods.py           the pods of a RayJob
"""
