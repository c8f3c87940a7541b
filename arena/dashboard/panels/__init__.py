"""The panels of the page, one module each: a path, an action that reads, and an encoder."""
