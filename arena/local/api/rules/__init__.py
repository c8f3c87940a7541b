"""What is refused in objects of the built-in kinds without operators: one module a kind, named as its plural.

A module defines `RULES` and is imported when an object of its kind is first written. The rules are
Kubernetes' own (`pkg/apis/*/validation` of 1.20, and what is known of 1.36 where that differs).
"""
