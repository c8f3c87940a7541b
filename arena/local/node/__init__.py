"""The node of the local cluster: a pod is a set of processes with log files.

It knows `arena.local.objects` and `arena.local.runtime`, but neither the API's store nor the operators.

- `kubelet`          the thread that makes pods run: `Kubelet`
- `pod_worker`       one pod: decides from its folder and its object what to do next
- `containers`       one container of a pod; `container_start` and `lifecycle` are its start, hooks and probes
- `container_runs`   one run of a container: its folder and what the files in it say
- `status`           the status of a pod, computed without I/O
- `environment`      the variables and the command line of a container
- `value_sources`    values that a pod takes from ConfigMaps, Secrets and its own fields
- `volumes`          folders and files that a pod mounts
- `probes`           startup, readiness and liveness probes
- `gpus`             the GPUs of the node, real or virtual
- `events`           the Events that the node writes about its pods
- `retention`        the output of deleted pods, kept until their job is deleted
- `pod_runtime`      answers the API's questions about the processes of pods
- `processes`        start times, signals, descendants; `process_exits` waits for the exit of many processes
- `supervisor`       the script that supervises one run and outlives the server; with `reaper`, `output` and
  `stdin` it uses only the standard library
"""
