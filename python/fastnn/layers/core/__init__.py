"""The family `core` of the layers."""
