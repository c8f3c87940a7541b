"""The endpoints that need the processes behind pods: logs, exec, attach, port-forward and metrics.

- `routes`      registers them on the application
- `target`      the pod and container of a request
- `log`         `pods/NAME/log`; `crilog` reads the log files
- `podlogs`     the logs of all runs, also of pods that no longer exist
- `exec`, `attach`, `portforward`  carry data both ways; `websocket` frames it
- `sessions`    the framing of exec and attach that the client wants: a websocket, or SPDY
- `metrics`     `metrics.k8s.io`
"""
