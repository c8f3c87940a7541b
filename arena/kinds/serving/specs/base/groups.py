"""Values of groups of pods that serve together: a leader and its workers."""

from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.kinds import shell
from arena.kinds.serving.base.groups import LEADER, WORKER
from arena.kinds.serving.specs.base import render
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.workload import environment
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

FOLDER, HOSTFILE = "/etc/arena", "/etc/arena/hostfile"
"""Where the names of the pods of a group are listed."""
HOSTS = (
    'first="${LWS_LEADER_ADDRESS%%.*}"; rest="${LWS_LEADER_ADDRESS#*.}"; n=0; '
    'while [ "$n" -lt "$LWS_GROUP_SIZE" ]; do case "$n $LWS_LEADER_ADDRESS" in '
    '0*|*" "[0-9]*) echo "$LWS_LEADER_ADDRESS" ;; *) echo "$first-$n.$rest" ;; esac; '
    'n=$((n+1)); done > "$0"'
)
"""The script that lists the pods of a group: the operator tells the leader's name, or its IP address if all
share that, and the size.
"""
START_HERE = "ray start --disable-usage-stats"
HERE = 'export RAY_AUTH_MODE=token RAY_ADDRESS="$LWS_LEADER_ADDRESS:$RAY_PORT"; '
"""What keeps other users out, since Ray listens on all addresses, and tells programs their own cluster."""
TOKEN = "(umask 077; ray get-auth-token --generate > /dev/null); "
"""Makes the token that all Ray programs of a user share, in `~/.ray`, if there is none."""
RAY_PORT = 6379
PATIENCE = 600
"""Seconds that the pods of a group wait for each other."""
_COUNT = (
    "import ray, sys, time\n"
    'ray.init(address="auto", logging_level="ERROR")\n'
    f"end = time.time() + {PATIENCE}\n"
    'while sum(node["Alive"] for node in ray.nodes()) < int(sys.argv[1]):\n'
    f'    time.time() < end or sys.exit("workers are missing after {PATIENCE} seconds")\n'
    "    time.sleep(2)\n"
)
LEAD = (
    'ray start --head --port="$RAY_PORT" && python3 -c "$0" "$LWS_GROUP_SIZE" && '
    'echo "all nodes of Ray are there" && exec "$1" -c "$2"'
)
"""The script of a leader with Ray: its own command begins once all workers have joined."""
JOIN = (
    'n=0; until ray start --address="$LWS_LEADER_ADDRESS:$RAY_PORT"; do n=$((n+5)); '
    f'if [ "$n" -ge {PATIENCE} ]; then exit 1; fi; echo "waiting for the leader"; sleep 5; done; '
)
"""How a worker joins Ray."""
FOLLOW = JOIN + 'exec "$0" -c "$1"'
STAY = JOIN + "while ray status > /dev/null 2>&1; do sleep 10; done; echo 'the leader has ended'; exit 1"
"""The script of a worker that runs what the leader tells it."""


def leading(spec: ServingSpec, rendering: Rendering, line: str) -> list[str]:
    """The command of a leader that waits for the workers, and then runs a command line."""
    program = environment.literal(shell.program(line))
    return ["sh", "-c", _script(LEAD, rendering, TOKEN), _COUNT, spec.shell, program]


def following(spec: ServingSpec, rendering: Rendering, line: str) -> list[str]:
    """The command of a worker that joins the leader, and then runs a command line, if there is one."""
    if not line:
        return ["sh", "-c", _script(STAY, rendering)]
    return ["sh", "-c", _script(FOLLOW, rendering), spec.shell, environment.literal(shell.program(line))]


def _script(text: str, rendering: Rendering, before: str = "") -> str:
    """A script with Ray as it is started here: on the user's own machine, among other clusters and users."""
    return HERE + before + text.replace("ray start", START_HERE) if rendering.on_host else text


def values(spec: ServingSpec, pod: Values, gpus: Mapping[str, int], size: int) -> Values:
    """Values of both templates: labels, variables and the list of the pods.

    Args:
        pod: the values of the leader's pod.
        gpus: the number of GPUs of each role.
        size: the number of pods of a group.
    """
    hosts = {"name": "group", "mountPath": FOLDER}
    init = {
        "name": "hostfile",
        "image": pod["image"],
        "imagePullPolicy": spec.image_pull_policy,
        "command": ["sh", "-c", HOSTS, HOSTFILE],
        "volumeMounts": [hosts],
    }
    return {
        "size": size,
        "leader_labels": {**pod["pod_labels"], labels.ROLE: LEADER},
        "worker_labels": {**pod["pod_labels"], labels.ROLE: WORKER},
        "service_match": {**pod["match"], labels.ROLE: LEADER},
        "init_containers": [init, *(pod["init_containers"] or ())],
        "volumes": [*(pod["volumes"] or ()), {"name": "group", "emptyDir": {}}],
        "mounts": [*(pod["mounts"] or ()), hosts],
        "leader_env": _env(
            spec, LEADER, gpus[LEADER], {key: number for key, number in spec.ports.items() if number}
        ),
        "worker_env": _env(spec, WORKER, gpus[WORKER], {}),
    }


def _env(spec: ServingSpec, role: str, gpus: int, ports: Mapping[str, int]) -> list[Values]:
    """The variables of a role, those of the Go arena first: others may refer to them."""
    fields = {
        "WORLD_SIZE": f"metadata.annotations['{labels.LWS_SIZE}']",
        "POD_NAME": "metadata.name",
        "POD_INDEX": f"metadata.labels['{labels.LWS_WORKER}']",
        "GROUP_INDEX": f"metadata.labels['{labels.LWS_GROUP}']",
    }
    plain = {
        "MASTER_ADDR": "$(LWS_LEADER_ADDRESS)",
        "GPU_COUNT": str(gpus),
        "HOSTFILE": HOSTFILE,
        "RAY_PORT": str(RAY_PORT),
        "ROLE": "master" if role == LEADER else WORKER,
    }
    taken = {*spec.env, *spec.env_from_secret, *spec.secret}
    return [
        *environment.variables({name: value for name, value in plain.items() if name not in taken}),
        *render.fields(fields, taken),
        *render.variables(spec, ports, hide_gpus=not gpus),
    ]
