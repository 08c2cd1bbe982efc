"""Layers that regularize a network: dropout, noise and penalties on activations."""
