"""Training jobs: list, find, wait for, change and delete them, whoever created them."""
