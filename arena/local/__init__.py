"""The embedded cluster: a Kubernetes-API-compatible server and process runner for one machine.

It is independent: of the rest of arena it imports only small modules such as `private` and `digits`, and only
`arena.session` and `arena.commands.local` import it. Its product is a kubeconfig.

- `daemon`     find, start and stop the server process, from the command's side
- `server`     the process itself: wires the rooms below together
- `state`      the folder that both sides know; `locks` and `folders` beside it
- `tls`        the ways into the server: `sockets`, and the keys that `pki` creates
- `objects`    the protocol through which operators and the node read and write objects
- `runtime`    what the API needs of the node for logs, exec, attach, port-forward and metrics
- `api/`       the HTTP server and the store behind it
- `node/`      the kubelet: pods as processes, each under a supervisor that outlives the server
- `operators/` one module for each kind, in folders by family; each knows `objects` and `machinery/`
- `machinery/` what operators are built from
- `programs/`  what operators run in pods and beside them
- `installed`  finds the modules of the operators; `definitions` is how they describe their kinds
"""
