"""Commands, one module each, found by file name; modules that begin with an underscore are shared."""
