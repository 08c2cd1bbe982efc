"""The family `regularization` of the layers."""
