"""TrainJob of the Kubeflow Trainer: JobSets made from training runtimes."""
