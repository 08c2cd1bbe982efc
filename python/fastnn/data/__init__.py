"""Data on their way into a model: sources of rows, batch by batch."""
