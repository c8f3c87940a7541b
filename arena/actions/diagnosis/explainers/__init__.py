"""The explainers: each module defines an `EXPLAINER` and is found by its file."""
