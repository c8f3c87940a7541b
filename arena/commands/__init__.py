"""One module a verb, found by its file name; a name with a leading underscore is shared flags."""
