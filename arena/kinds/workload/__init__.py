"""What the pods of any workload have, whatever its family."""
