"""MPIJob of the MPI operator."""
