"""Networks for other programs: ONNX."""
