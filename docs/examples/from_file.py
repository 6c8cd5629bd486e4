"""A network in an ONNX file, at its own size and at another."""

import cnnref

table = cnnref.from_onnx("small.onnx")
print(table.to_text())

larger = cnnref.from_onnx("small.onnx", (3, 64, 64))
print(f"{table.macs:,} MACs become {larger.macs:,}.")
