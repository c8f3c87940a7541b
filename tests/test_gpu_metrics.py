"""GPUs from what exporters write, in all spellings of their labels."""

import pytest

from arena import gpu_metrics
from arena.actions.serving.metrics import exposition
from arena.model.gpus import Gpu

MIB = 1 << 20
CARD = 'gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA A100",Hostname="gpu-1"'
FACTS = {"index": "0", "uuid": "GPU-a", "places": ("gpu-1",), "model": "NVIDIA A100"}
OURS = {"namespace": "team-a", "pod": "bert-0"}
FULL = {"utilization": 97.0, "memory_used": 1000 * MIB, "memory_total": 4000 * MIB}


def dcgm(labels: str, busy: str = "97", used: str = "1000", free: str = "3000") -> str:
    """What the DCGM exporter writes of a GPU."""
    return f"""# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{{{labels}}} {busy}
DCGM_FI_DEV_FB_USED{{{labels}}} {used}
DCGM_FI_DEV_FB_FREE{{{labels}}} {free}
DCGM_FI_DEV_XID_ERRORS{{{labels}}} 0
"""


def read(text: str) -> list[Gpu]:
    return gpu_metrics.gpus(gpu_metrics.Sample(*one) for one in exposition.samples(text))


@pytest.mark.parametrize(
    "labels",
    [
        'container="main",namespace="team-a",pod="bert-0"',
        'container_name="main",pod_namespace="team-a",pod_name="bert-0"',
        'exported_namespace="team-a",exported_pod="bert-0",namespace="gpu-operator",pod="dcgm-x"',
        'pod_namespace="team-a",pod_name="bert-0",namespace="gpu-operator",pod="dcgm-x"',
    ],
)
def test_the_pod_is_found_in_every_spelling(labels):
    """The user's pod is that of the exporter's labels, whether Prometheus renames them or not."""
    assert read(dcgm(f"{CARD},{labels}")) == [Gpu(**FACTS, **OURS, **FULL)]


@pytest.mark.parametrize(
    ("labels", "pod"),
    [
        ('namespace="",pod="",container=""', ""),
        ('namespace="gpu-operator",pod="nvidia-dcgm-exporter-7x"', ""),
        ('namespace="gpu-operator",pod="renamed-1"', ""),
        ('namespace="team-b",pod="other"', "other"),
    ],
)
def test_the_exporter_uses_no_gpu(labels, pod):
    """A GPU without a pod has none, though Prometheus may add the pod of the exporter."""
    other = CARD.replace('gpu="0"', 'gpu="1"').replace("GPU-a", "GPU-b")
    exporter = 'exported_namespace="x",exported_pod="y",namespace="gpu-operator",pod="renamed-1"'
    [first, _] = read(dcgm(f"{CARD},{labels}") + dcgm(f"{other},{exporter}"))
    assert (first.uuid, first.pod) == ("GPU-a", pod)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ('node="gpu-1"', ("gpu-1",)),
        ('Hostname="pod-7",node="gpu-1",instance="10.0.0.7:9400"', ("pod-7", "gpu-1", "10.0.0.7")),
        ('instance="[fd00::7]:9400"', ("fd00::7",)),
        ('instance="fd00::7"', ("fd00::7",)),
    ],
)
def test_the_node_may_be_in_several_labels(place, found):
    """All names and addresses that may be the node's are kept, without ports."""
    assert read(f'DCGM_FI_DEV_GPU_UTIL{{gpu="0",{place}}} 1')[0].places == found


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        (("9223372036854775794", "1000", "3000"), (None, 1000 * MIB, 4000 * MIB)),
        (("2147483632", "2147483635", "3000"), (None, None, None)),
        (("0", "0", "9223372036854775794"), (0.0, 0, None)),
        (("NaN", "-1", "+Inf"), (None, None, None)),
        (("101", "1", "1"), (None, MIB, 2 * MIB)),
    ],
)
def test_unknown_values_are_no_values(values, seen):
    """What DCGM writes for an unknown value, in 32 or 64 bits, is unknown, and zero is zero."""
    [one] = read(dcgm(CARD, *values))
    assert (one.utilization, one.memory_used, one.memory_total) == seen


def test_parts_of_a_gpu_have_the_share_of_the_engine():
    """MIG has no utilization of its own, but that of its engines, for each part."""
    parts = [
        f'{CARD},GPU_I_PROFILE="1g.5gb",GPU_I_ID="{id}",namespace="team-a",pod="p{id}"' for id in (7, 13)
    ]
    text = "".join(f"DCGM_FI_PROF_GR_ENGINE_ACTIVE{{{one}}} 0.25\n" for one in parts)
    found = read(text + f"DCGM_FI_DEV_FB_USED{{{parts[0]}}} 10\nDCGM_FI_DEV_FB_FREE{{{parts[0]}}} 90\n"
                 f"DCGM_FI_DEV_FB_RESERVED{{{parts[0]}}} 5\n")  # fmt: skip
    assert [(one.id, one.pod, one.utilization) for one in found] == [
        ("0/7", "p7", 25.0),
        ("0/13", "p13", 25.0),
    ]
    assert [one.memory_total for one in found] == [105 * MIB, None]


def test_the_exporter_of_the_go_arena_is_read():
    """Its names, labels and bytes mean the same."""
    labels = ('namespace_name="team-a",pod_name="bert-0",node_name="gpu-1",uuid="GPU-a",minor_number="0",'
              'allocate_mode="exclusive",namespace="kube-system",pod="gpu-exporter-1"')  # fmt: skip
    text = (f"nvidia_gpu_duty_cycle{{{labels}}} 97\nnvidia_gpu_memory_used_bytes{{{labels}}} {1000 * MIB}\n"
            f"nvidia_gpu_memory_total_bytes{{{labels}}} {4000 * MIB}\n")  # fmt: skip
    assert read(text) == [Gpu(**FACTS | {"model": ""}, **OURS, **FULL)]


def test_pods_that_share_a_gpu_are_all_there():
    """Each pod of a shared GPU has it once, however often it is scraped; 10 comes after 9."""
    shared = "".join(dcgm(f'{CARD},namespace="n",pod="{pod}"') for pod in "ba")
    last = CARD.replace('gpu="0"', 'gpu="10"').replace("GPU-a", "GPU-z")
    ninth = CARD.replace('gpu="0"', 'gpu="9"').replace("GPU-a", "GPU-y")
    found = read(shared + shared + dcgm(last) + dcgm(ninth))
    assert [(one.index, one.pod) for one in found] == [("0", "a"), ("0", "b"), ("9", ""), ("10", "")]


@pytest.mark.parametrize(
    "answer",
    [
        None, [], {}, {"data": 1}, {"data": {"result": 1}}, {"data": {"result": [1, None, {}]}},
        {"data": {"result": [{"metric": 1, "value": [0, "1"]}, {"metric": {"__name__": "x"}, "value": [0]},
                             {"metric": {"__name__": "x"}, "value": [0, "y"]},
                             {"metric": {}, "value": [0, "1"]}]}},
    ],
)  # fmt: skip
def test_what_is_no_answer_has_no_samples(answer):
    """An answer of another form has no samples, and is no crash."""
    assert list(gpu_metrics.samples(answer)) == []
