"""LeaderWorkerSet: groups of pods, each a leader with its workers."""
