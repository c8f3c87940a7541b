"""The four kinds of patch, each a function of the object and the patch, without I/O.

- `merge`      JSON merge patch (RFC 7396)
- `pointer`    JSON patch (RFC 6902)
- `strategic`  strategic merge patch, which knows the keys of lists
- `apply`      server-side apply, which tracks the owners of fields
- `fields`     sets of field paths and their form in `managedFields`
"""
