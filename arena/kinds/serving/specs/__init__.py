"""The Spec of each kind of serving and the values of its template, imported at first use."""
