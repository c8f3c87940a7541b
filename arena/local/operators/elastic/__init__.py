"""TrainingJob of the elastic training operator, and the requests to scale it."""
