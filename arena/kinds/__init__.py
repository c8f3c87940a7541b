"""What arena can submit: one module a kind, pure data.

A kind module holds `Spec` (a frozen dataclass: the command's options, the SDK's arguments and the
keys of a job file), `values` (Spec -> the template's values), `read` (the object and its pods ->
`model.Job`) and `KIND`, which names the three. No I/O, no click, no manifests here.
"""
