"""Measuring servers: one thread and one selector carry the load, so that the client costs little itself."""
