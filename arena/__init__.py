"""arena: distributed training on Kubernetes, or on this machine, with one command."""
