"""Logs of jobs: snapshots, followed logs, and those of instances that are gone."""
