"""The family `convolutional` of the layers."""
