"""The version, spelled once; pyproject.toml and the command line read it."""

VERSION = "0.1.0"
