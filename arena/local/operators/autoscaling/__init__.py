"""HorizontalPodAutoscaler: how many pods there are, and requests that wait for the first one."""
