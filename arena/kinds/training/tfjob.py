"""TFJob: distributed TensorFlow with workers and, optionally, parameter servers, chief and evaluator."""

from arena import labels
from arena.errors import SpecError, aimed
from arena.kinds.kind import Kind, Modification, Object, count, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, training_operator
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR

NAME = "tfjob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("tensorflow",))


def scale(obj: Object, workers: int) -> Modification:
    """Change the number of workers of a job with --dynamic-workers.

    Raises:
        SpecError: the job does not have them.
    """
    spec, name = obj.get("spec") or {}, obj["metadata"]["name"]
    job = aimed(name, obj["metadata"].get("namespace") or "default")
    again = f"arena rerun {job} --replace --set workers={workers}"
    if not spec.get("enableDynamicWorker") or "Worker" not in (spec.get("tfReplicaSpecs") or {}):
        raise SpecError(
            f'job "{name}" was started with a fixed list of workers',
            f"submit it with --dynamic-workers, or start it again: {again}",
        )
    return count("spec", "tfReplicaSpecs", "Worker", "replicas")(obj, workers)


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("tf", "tensorflow"),
    summary="Distributed TensorFlow",
    resources=training_operator.resources("tfjobs", "TFJob"),
    template="tfjob.yaml",
    specs="arena.kinds.training.specs.tfjob",
    read=reading.read(NAME, "tfReplicaSpecs", CONVENTIONS),
    pods=training_operator.selector("tfjob-controller", labels.TF_JOB_NAME),
    event_writer=training_operator.master,
    job_of=training_operator.job_of("tfjob-controller", labels.TF_JOB_NAME),
    former=training_operator.FORMER,
    conventions=CONVENTIONS,
    suspend=switch("spec", "runPolicy", "suspend"),
    halt=training_operator.HALT,
    scale=scale,
    servers=("ps", "evaluator"),
    examples=('arena submit tfjob --name mnist --workers 2 --ps 1 --image IMAGE "python train.py"',),
)
