"""InferenceService of KServe: models that serving runtimes serve, as Deployments and Services."""
