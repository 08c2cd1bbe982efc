"""Layers that most models begin or end with: inputs, dense layers, embeddings, masks and functions."""
