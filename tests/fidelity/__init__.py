"""The embedded server, judged by an API server of Kubernetes: `make fidelity`.

Both get the same requests, and the verdicts that differ are printed. docs/fidelity.md says more.
"""
