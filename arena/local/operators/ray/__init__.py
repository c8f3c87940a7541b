"""RayJob of KubeRay."""
