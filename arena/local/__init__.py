"""The embedded cluster: a Kubernetes-API-compatible server and process runner for one machine.

A house of its own: it imports nothing of the rest of arena, and only `arena.session` and
`arena.commands.local` import it. Its product is a kubeconfig.

- `daemon`     find, start and stop the server process, from the command's side
- `server`     the process itself: wires the rooms below together
- `objects`    the protocol through which operators and the node read and write objects
- `runtime`    what the API needs of the node for logs, exec, attach, port-forward and metrics
- `api/`       the HTTP server and the store behind it
- `node/`      the kubelet: pods as processes, each under a supervisor that outlives the server
- `operators/` one module a kind; each knows `objects` alone
"""
