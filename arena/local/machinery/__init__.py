"""What operators are made of. It knows `arena.local.objects` and no operator.

- `operator`, `runner`, `queue`  the shape of an operator, the thread that calls them all, and its work queue
- `creation_limit`               ends a pass that has created enough objects
- `reconciler`, `job_lifecycle`  one pass over one object; the life of a job, from its start to its deletion
- `writes`, `conditions`         objects with owners, status patches, Events, conditions
- `clock`, `quantities`          times; amounts of CPU, memory and devices
- `pod_status`, `pod_template`   what pods report, and changes to the templates from which they are made
- `template_hash`, `volume_claims`  versions of templates; the claims of pods with stable names
- `scale`                        the number of replicas of whatever has one
- `loopback`                     ports and settings of pods that share this machine
- `replica_validation`, `training_labels`  what kubeflow.org jobs of several operators share
"""
