"""Servings: list, find and change them, send requests to them, and measure their answers."""
