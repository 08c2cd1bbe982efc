"""Measures how fast networks train and predict, each framework in a process of its own: `python -m bench`."""
