"""The node of the local cluster: a pod is a set of processes with log files.

Knows `arena.local.objects` and `arena.local.runtime`, never the API's store nor the operators.

- `kubelet`     the thread that makes pods run: `Kubelet`
- `pods`        one pod: from what its folder says to what is to be done next
- `status`      what a pod's status says: pure
- `environment` the variables and the command line of a container
- `references`  values that a pod takes from ConfigMaps, Secrets and from itself
- `volumes`     folders and files that a pod mounts
- `probes`      startup, readiness and liveness
- `gpus`        the node's GPUs, real or virtual
- `events`      what the node has to say about its pods
- `runs`        one run of a container: its folder, its files, what they tell
- `processes`   start times, signals, sweeps
- `supervisor`, `guard`, `streams`  the script that guards a run and outlives the server: standard
  library only
"""
