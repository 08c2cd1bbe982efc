"""The family `normalization` of the layers."""
