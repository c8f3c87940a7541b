"""Groups of pods that serve together, on the local cluster."""

from product import until
from served import Served

PROGRAM = (
    'echo "$ROLE of group $GROUP_INDEX: $WORLD_SIZE pods, $(wc -l < $HOSTFILE) hosts"; '
    'if [ "$ROLE" = worker ]; then exec sleep 600; fi; '
    "exec python3 -m http.server --bind 127.0.0.1 $HTTP_PORT"
)
WORDS = (
    "serve",
    "distributed",
    "--name",
    "chat",
    "--version",
    "1",
    "--restful-port",
    "8080",
    "--worker-num",
    "1",
)


def lines(arena: Served) -> list[str]:
    """What the pods of all groups say of themselves."""
    logs = arena.must("serve", "logs", "chat").splitlines()
    return sorted(one.partition("] ")[2] for one in logs if "of group" in one)


def group(number: int) -> list[str]:
    """What the pods of one group say."""
    return [f"{role} of group {number}: 2 pods, 2 hosts" for role in ("master", "worker")]


def test_groups_know_their_pods_also_after_scaling(arena: Served) -> None:
    """Each pod has the list of the pods of its group, also in groups that come later."""
    arena.must(*WORDS, PROGRAM)
    arena.ready("chat")
    assert lines(arena) == group(0)
    assert arena.get("chat")["url"].startswith("http://127.0.0.1:")
    arena.must("serve", "scale", "chat", "--replicas", "2")
    until(lambda: arena.get("chat")["availableInstances"] == 2, what="the second group")
    assert lines(arena) == sorted([*group(0), *group(1)])
