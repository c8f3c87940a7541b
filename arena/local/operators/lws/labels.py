"""The labels, annotations and variables of a LeaderWorkerSet's pods."""

_PREFIX = "leaderworkerset.sigs.k8s.io/"

NAME = f"{_PREFIX}name"
GROUP = f"{_PREFIX}group-index"
WORKER = f"{_PREFIX}worker-index"
GROUP_KEY = f"{_PREFIX}group-key"
REVISION = f"{_PREFIX}template-revision-hash"
SUBGROUP = f"{_PREFIX}subgroup-index"
SUBGROUP_KEY = f"{_PREFIX}subgroup-key"

SIZE = f"{_PREFIX}size"
REPLICAS = f"{_PREFIX}replicas"
LEADER = f"{_PREFIX}leader-name"
EXCLUSIVE = f"{_PREFIX}exclusive-topology"
SUBGROUP_SIZE = f"{_PREFIX}subgroup-size"
SUBGROUP_POLICY = f"{_PREFIX}subgroup-policy-type"
SUBGROUP_EXCLUSIVE = f"{_PREFIX}subgroup-exclusive-topology"
SUBDOMAIN = f"{_PREFIX}subdomainPolicy"
AFTER_START = f"{_PREFIX}experimental-recreate-group-after-start"

LEADER_ADDRESS, GROUP_SIZE, WORKER_INDEX = "LWS_LEADER_ADDRESS", "LWS_GROUP_SIZE", "LWS_WORKER_INDEX"
"""Variables of every container."""
