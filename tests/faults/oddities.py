"""What hostile requests are made of: odd values, parameters, headers, bodies, paths, and right objects."""

from typing import Any

JSON = "application/json"
PATCHES = ("json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 2**31 - 1, 2**31, 2**63, -(2**63) - 1, 10**21, 10**400, 0.5, 1e308,
    "", " ", "a", "0", "-1", "1e9", "1e999999", "١", "100%", "a" * 300, "A_b", "\x00", "\n", "é", "\ud83d",
    "../..", "/", "a/b", "~1", "null", "{}", "[1]", "2026-01-01T00:00:00Z", "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00Z", "Failed", "Running", "Complete", "default", "* * * * *", "@every 1s",
    "0 0 31 2 *",
    [], {}, [None], [[]], [{}], {"": None}, {"": ""}, {"a": {"b": []}}, [1, "a"], ["a", "a"],
    {"name": "a"}, [{"name": "a"}, {"name": "a"}], [{"type": "Failed"}], [{"type": None, "status": []}],
)  # fmt: skip
TEXTS = tuple(one for one in ODD if isinstance(one, str))
NUMBERS = ("0", "1", "-1", "2", "9" * 21, "9" * 400, "1.5", "x", "", "١", "%00", "2147483648", str(2**63))
QUERY: dict[str, tuple[str, ...]] = {
    "limit": NUMBERS,
    "continue": (*NUMBERS, "bnVsbA==", "WzEsImEiLCJiIl0=", "W3t9LFtdLDFd", "WzFlOTk5LCIiLCIiXQ==", "é",
                 "===="),
    "labelSelector": ("a", "!a", "a=b", "a in (b,c)", "a notin ()", "a in (", "=", ",,,", "a==b,,c", "é=é",
                      "a>1",
                      "a=" + "b" * 300, "(" * 500, "\x00", "a in (" + "b," * 900 + ")"),
    "fieldSelector": ("metadata.name=a", "metadata.name!=a", "status.phase=Running", "spec.nodeName=",
                      "x.y=z",
                      "metadata.namespace=a", "=", "metadata.name", "a=b=c", "status.phase!=Failed,,",
                      "\x00=\x00"),
    "resourceVersion": NUMBERS,
    "resourceVersionMatch": ("Exact", "NotOlderThan", "x", ""),
    "watch": ("true", "1", "0", "x", ""),
    "timeoutSeconds": ("0", "1", "-1", "9" * 21, "0.1", "x", "nan", "inf"),
    "allowWatchBookmarks": ("true", "x"),
    "sendInitialEvents": ("true", "false", "x"),
    "dryRun": ("All", "x", ""),
    "fieldValidation": ("Strict", "Warn", "Ignore", "x", ""),
    "fieldManager": ("me", "é", "a" * 300, "", "\x00"),
    "force": ("true", "x"),
    "propagationPolicy": ("Orphan", "Foreground", "Background", "x"),
    "gracePeriodSeconds": NUMBERS,
    "includeObject": ("None", "Object", "Metadata", "x"),
    "container": ("a", "main", "é", ""),
    "command": ("true", "", "\x00", "é"),
    "ports": NUMBERS,
    "stdin": ("true", "x"), "stdout": ("true", "x"), "stderr": ("true",), "tty": ("true", "x"),
    "follow": ("true", "x"), "previous": ("true", "x"), "timestamps": ("true",), "stream": ("Stderr", "x"),
    "tailLines": NUMBERS, "sinceSeconds": NUMBERS, "limitBytes": NUMBERS,
    "sinceTime": ("2026-01-01T00:00:00Z", "x", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00+23:59"),
}  # fmt: skip
HEADERS: dict[str, tuple[str, ...]] = {
    "Accept": (TABLE, PARTIAL, "*/*", "application/json", "x", ";;;,,,=",
               "application/vnd.kubernetes.protobuf",
               "application/json;as=Table;v=v1beta1;g=meta.k8s.io", "application/json;as=;v=v1;g=meta.k8s.io",
               "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "é"),
    "Content-Type": (JSON, "application/yaml", "text/plain", "application/json; charset=x", "é", ";", "",
                     "application/vnd.kubernetes.protobuf", *(f"application/{one}" for one in PATCHES)),
    "Content-Encoding": ("gzip", "deflate", "br", "zstd", "identity", "x", "gzip, gzip"),
    "User-Agent": ("", "/", "kubectl/v1.30", "a" * 4000, "é"),
    "Expect": ("100-continue", "x"),
    "Upgrade": ("websocket", "SPDY/3.1", "h2c"),
    "Connection": ("Upgrade", "close", "keep-alive", "x"),
    "Sec-WebSocket-Version": ("13", "8", "x"),
    "Sec-WebSocket-Key": ("dGhlIHNhbXBsZSBub25jZQ==", "x", ""),
    "Sec-WebSocket-Protocol": ("v5.channel.k8s.io", "v4.channel.k8s.io", "SPDY/3.1+portforward.k8s.io",
                               "x", ",,",
                               "v4.channel.k8s.io,v5.channel.k8s.io", "é", "a" * 4000),
    "Sec-WebSocket-Extensions": ("permessage-deflate", "x; y=", ";"),
    "Range": ("bytes=0-1", "x"),
    "If-Match": ('"1"', "x"),
    "Kubectl-Command": ("x" * 4000,),
    "X-Stream-Protocol-Version": ("v4.channel.k8s.io", "x"),
}  # fmt: skip
"""Host, Origin, Authorization and Content-Length are the business of tests of their own."""
BYTES = (b"", b"{", b"null", b"[]", b"1", b'"a"', b"{}", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"\x1f\x8b\x08",
         b"NaN",
         b"- " * 3000, b"[" * 9000, b'{"a":' * 9000, b'"[' * 9000, b"a: &a [*a]", b"? ", b"--- a\n--- b",
         b"!!x y",
         b"k8s\x00\n\x04\x08", b"1" * 5000, b'{"a":1e999}', b"%YAML 9", b"\t", b"{a: {b: {c: ")  # fmt: skip
PATHS = ("", "/", "//", "/api", "/api/", "/api/v1/", "/api/v2/pods", "/apis", "/apis/", "/apis/x",
         "/apis/batch",
         "/apis/batch/v1/", "/apis/batch/v9/jobs", "/healthz", "/version", "/metrics", "/openapi/v2",
         "/openapi/v3",
         "/openapi/v3/apis/batch/v1", "/openapi/v3/x", "/api/v1/namespaces/default",
         "/api/v1/namespaces/default/x",
         "/apis/metrics.k8s.io/v1beta1/nodes", "/apis/metrics.k8s.io/v1beta1/pods",
         "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/a", "/local/ping/x", "/api/v1/watch/pods",
         "/api/v1/nodes/a/proxy/x", "/api/v1/namespaces/default/services/a/proxy/")  # fmt: skip

POD: Any = {"containers": [{"name": "main", "image": "i", "command": ["true"]}], "restartPolicy": "Never"}
SHOWN: Any = {"metadata": {"labels": {"app": "a"}}, "spec": POD}
CHOSEN: Any = {"matchLabels": {"app": "a"}}
ALWAYS: Any = {**SHOWN, "spec": {"containers": [{"name": "main", "image": "i", "command": ["sleep", "1"]}]}}
SPECS: dict[str, Any] = {
    "Pod": POD | {"initContainers": [{"name": "first", "image": "i", "command": ["true"]}]},
    "Service": {"ports": [{"port": 80, "targetPort": 8080, "name": "web"}], "selector": {"app": "a"}},
    "Job": {"template": SHOWN, "completions": 2, "parallelism": 2, "backoffLimit": 1},
    "CronJob": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": SHOWN}}},
    "Deployment": {"replicas": 1, "selector": CHOSEN, "template": ALWAYS},
    "ReplicaSet": {"replicas": 1, "selector": CHOSEN, "template": ALWAYS},
    "StatefulSet": {"replicas": 1, "selector": CHOSEN, "template": ALWAYS, "serviceName": "a"},
    "PersistentVolumeClaim": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
    "ResourceQuota": {"hard": {"pods": "900", "requests.cpu": "900"}},
    "LimitRange": {"limits": [{"type": "Container", "max": {"cpu": "64"}}]},
    "PodDisruptionBudget": {"minAvailable": 1, "selector": CHOSEN},
    "Node": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
    "ScaleIn": {"selector": {"name": "a"}, "toDelete": {"count": 1}},
    "ScaleOut": {"selector": {"name": "a"}, "toAdd": {"count": 1}},
}
"""What is right of the kinds of which there are no cases."""
FIELDS: dict[str, Any] = {
    "ConfigMap": {"data": {"a": "b"}},
    "Secret": {"data": {"a": "Yg=="}},
    "Event": {"involvedObject": {"kind": "Pod", "name": "a"}, "reason": "x", "message": "y"},
    "PriorityClass": {"value": 5},
    "StorageClass": {"provisioner": "x"},
}
