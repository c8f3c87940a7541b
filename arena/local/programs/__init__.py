"""Programs that operators run, in pods or in the server. They know nothing of operators.

- `remote_shell`         replaces ssh between pods of this machine; it runs inside pods
- `proxy`                the proxy in front of Services, in a process of its own
- `suggestions`          what searches try next, computed in a process for each Experiment
- `http_proxy`           passes requests for pages on, in that process
- `link_auth`            decides who may open the pages that pods serve
"""
