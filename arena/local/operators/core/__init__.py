"""What a cluster does without being asked: the scheduler and the garbage collector."""
