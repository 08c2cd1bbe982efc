"""The family `attention` of the layers."""
