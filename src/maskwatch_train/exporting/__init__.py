"""Networks as files of their own: ONNX, other formats, and back."""
