"""Symbolic tensors and variables: what a graph is written with before any number exists."""
