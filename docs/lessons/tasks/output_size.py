"""The size of an output"""

import cnnref


def output_size(size, kernel, stride, padding):
    """How many places a window has along one axis."""
    return (size + 2 * padding - kernel) // stride + 1


for row in cnnref.table("alexnet", input_size=227):
    if row.window:
        given = row.window.kernel[0], row.window.stride[0], row.window.padding[0]
        found = output_size(row.in_shape.size[0], *given)
        assert found == row.out_shape.size[0], row.name
