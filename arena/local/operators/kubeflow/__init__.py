"""The kinds of the training operator: what they share, and one module for each."""
