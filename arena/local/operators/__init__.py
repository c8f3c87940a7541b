"""The operators: they run jobs, Deployments and Services. One module for each kind, in folders by family.

Each module with a function `operator() -> Operator` is found by listing the folders; no registration is
needed. A module with `DEFINITIONS` adds its kinds to the API. Operators are clients of the API: they know
`arena.local.objects` and `arena.local.machinery`, and nothing of the store or of another family, so the same
ones can run against a real cluster. They are level-triggered, idempotent and keep no state between calls:
after a crash at any line, the next runner finishes the work.

- `core/`      the scheduler and the garbage collector
- `apps/`      Deployment, ReplicaSet, StatefulSet, Service and the loopback proxy
- `batch/`     Job, CronJob, and Cron of KubeDL
- `kubeflow/`  the kinds of the training operator: TFJob, PyTorchJob, ...
- `mpi/`       MPIJob
- `elastic/`   TrainingJob of the elastic training operator, ScaleIn and ScaleOut
- `ray/`       RayJob
- `jobset/`    JobSet
- `lws/`       LeaderWorkerSet
- `autoscaling/`  HorizontalPodAutoscaler
- `policy/`    PodDisruptionBudget
- `gateway/`   HTTPRoute and Gateway of the Gateway API; VirtualService, DestinationRule and Gateway of Istio
- `trainer/`   TrainJob and its runtimes
- `kserve/`    InferenceService and its runtimes
- `seldon/`    SeldonDeployment
"""
