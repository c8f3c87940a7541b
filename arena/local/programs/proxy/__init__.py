"""The proxy in front of Services: a process of its own, which outlives a killed server.

The server opens the listening sockets and passes them to the process, so both hold them: if the server is
killed, the process continues, starts the next server, and hands the sockets to it; if the process is killed,
the server starts another one, and connections wait meanwhile in the queue of the sockets. Nobody is refused,
unless both are killed before one has started the other.

In the server:

- `control`     starts the process, tells it the table, and adopts that of an earlier server
- `routes`      the table: where the connections to a port go
- `channel`     JSON messages with descriptors, between server and process

In the process, standard library only, but for pages with a token:

- `process`     the program
- `listener`    accepts the connections to one port
- `balancer`    chooses the group, the backend and the connection; counts
- `counters`    requests, failures, those in flight, and latencies
- `dispatch`    what requests and connections have in common until they end: the way to a pod
- `downstream`  a client's HTTP/1.1 connection: one request after the other
- `exchange`    one request and its answer, with the attempts to get it
- `upstream`    an HTTP/1.1 connection to a backend
- `http1`       heads and bodies, strictly parsed
- `tunnel`      connections that are passed on byte by byte
"""
