"""Programs that operators run, in pods or in the server. They know nothing of operators.

- `remote_shell`         replaces ssh between pods of this machine; it runs inside pods
- `proxy`, `http_proxy`  the loopback proxy in front of Services
- `link_auth`            decides who may open the pages that pods serve
"""
