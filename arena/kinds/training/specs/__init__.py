"""What users can request of each kind of training job, and the values of its template.

A module has the name of its kind and defines SPECS. It is imported when the kind is submitted or its
options are read, so that reading jobs does not need it: no module of `training/` outside this package
imports one of it, other than late. `base/` holds what several Specs share.
"""
