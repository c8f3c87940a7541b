"""Katib: Experiments search for good parameters, by Suggestions, and run a Trial for each set of them."""
