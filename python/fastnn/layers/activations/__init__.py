"""The family `activations` of the layers."""
