"""What is refused in pods and in their templates, one module for each part of a pod.

The rules are Kubernetes' own (`pkg/apis/core/validation` of 1.33, where it differs from 1.20). They are data
in the forms of `checks`, and functions where several fields meet. Which fields there are, and their types, is
not known here.
"""
