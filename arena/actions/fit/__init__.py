"""Whether a job fits into the cluster now: what is read of it, the pods of a plan, and the verdict."""
