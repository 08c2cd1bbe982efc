"""The family `pooling` of the layers."""
