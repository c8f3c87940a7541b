"""Deployment, ReplicaSet, StatefulSet, and Services with the proxy in front of them."""
