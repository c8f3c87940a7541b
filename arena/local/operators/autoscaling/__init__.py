"""HorizontalPodAutoscaler: how many pods there are."""
