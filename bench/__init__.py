"""Measures the speed of training and prediction, each framework in its own process: `python -m bench`."""
