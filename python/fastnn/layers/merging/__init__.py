"""The family `merging` of the layers."""
