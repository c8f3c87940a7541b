"""The nouns of arena: one module for each, with the frozen values that actions return and views show.

The values are the vocabulary of the library and the schema of JSON output, so changing a field changes an
API. They know no Kubernetes terms beyond name, namespace and uid, and do no input or output. Times are aware
datetimes, and a fact that depends on the present is a method that takes `now`. Nothing is re-exported
here, so that a command imports only the nouns that it shows.
"""
