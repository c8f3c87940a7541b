"""logs -f where the cluster refuses them."""

from arena.local.api.faults import Fault

RUNNING = {
    "phase": "Running",
    "containerStatuses": [
        {"name": "pytorch", "ready": True, "restartCount": 0, "image": "i", "imageID": "",
         "state": {"running": {"startedAt": "2030-01-01T11:00:00Z"}}}
    ],
}  # fmt: skip


def test_follow_ends_where_logs_may_not_be_read(arena, stage, api):
    """A user without the right to read logs is told so at once by logs -f, with exit 4."""
    stage.pod(stage.job("bert", "Running"), **RUNNING)
    api.faults.append(Fault(path="/log", code=403, times=100))
    code, out, err = arena("logs", "bert", "-f")
    assert (code, out) == (4, "")
    assert 'refuses to read the log of pod "bert-master-0"' in err
