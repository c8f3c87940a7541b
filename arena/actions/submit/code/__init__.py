"""The code of --code: its files, its archive, and how that is stored."""
