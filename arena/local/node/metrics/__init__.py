"""Metrics that programs print or write to files, collected into ObservationLogs.

A pod requests this with an annotation (`objects.COLLECT`). A collector, a process of its own beside the
container's supervisor, reads the output as it grows and keeps the result in a small file in the container's
folder. The node writes that file's content to the API. So a killed server loses nothing and counts nothing
twice, and neither a slow filter nor endless output costs the server memory or time.

- `request`    the validated request of a pod
- `collector`  the process; it and what it imports use only the standard library
- `sources`    container logs and text files, read from where the last collector stopped
- `event_files` TensorFlow event files
- `series`     the values of one metric: exact figures and a bounded sample
- `collection` the node's side: starts collectors and writes ObservationLogs
- `bell`       how a collector tells the node that it has found something
"""
