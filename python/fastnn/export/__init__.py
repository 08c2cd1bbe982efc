"""Export of models: ONNX and C99."""
