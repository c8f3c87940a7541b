"""The verbs as functions, shared by commands and library.

They take a `Session`, or a `kube.Cluster` if that is enough, return models, raise `arena.errors`, and print
nothing: remarks go to a function that the caller passes.
"""
