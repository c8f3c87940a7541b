"""What the engines of servings tell of their traffic, in the text format of Prometheus."""
