"""A table from an ONNX file: what stands in it, a rule for each operator, the walk over both."""
