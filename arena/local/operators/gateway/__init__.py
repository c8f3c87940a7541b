"""Routes of the Gateway API and of Istio: they split the traffic of Services among other Services."""
