"""The family `reshaping` of the layers."""
