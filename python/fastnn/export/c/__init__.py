"""Export of a model to C99: one source file, with the weights in it or beside it."""
