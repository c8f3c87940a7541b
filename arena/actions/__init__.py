"""The verbs, as functions: what the commands call is what the SDK offers.

They take a `kube.Cluster`, return models, raise `arena.errors`, and print nothing.
"""
