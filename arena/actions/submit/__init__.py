"""Submit a workload: from a request to a plan, from a plan to created objects, all or none."""
