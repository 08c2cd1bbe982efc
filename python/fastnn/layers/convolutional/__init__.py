"""Convolutions of sequences, images and volumes: plain, depthwise, separable and transposed."""
