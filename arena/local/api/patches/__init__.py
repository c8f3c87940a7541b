"""The four kinds of patch, each a function of the object and the patch, without I/O.

- `merge`       JSON merge patch (RFC 7396)
- `pointer`     JSON patch (RFC 6902)
- `strategic`   strategic merge patch, which knows the keys of lists
- `apply`       server-side apply: conflicts, and what is removed
- `combination` objects that are merged with a configuration, or without some of their fields
- `comparison`  what differs between two objects
- `managers`    who owns what, and its form in `managedFields`
- `fields`      sets of fields
"""
