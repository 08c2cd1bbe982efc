"""The family `preprocessing` of the layers."""
