"""Recurrent layers, their cells, and the wrappers around layers for sequences."""
