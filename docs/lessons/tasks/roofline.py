"""The least time of a layer"""

import cnnref


def least_seconds(row, flops_per_second, bytes_per_second):
    """The longer of two times: of its FLOPs, two a MAC, and of its bytes in float32."""
    counts = row.counts
    moved = counts.elements_in + counts.elements_out + counts.weights + counts.biases
    return max(2 * row.macs / flops_per_second, 4 * moved / bytes_per_second)


table = cnnref.table("vgg16")
for rates in [(1e13, 1e11), (1e11, 1e10)]:
    roofs = cnnref.roofline(table, cnnref.Ceilings("float32", *rates))
    for row, roof in zip(table, roofs):
        if row.op in ("conv", "linear", "max_pool"):
            assert least_seconds(row, *rates) == roof.allowed, row.name
