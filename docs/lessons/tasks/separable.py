"""A depthwise separable convolution"""

import cnnref


def separable(channels_in, channels_out, kernel, size):
    """Multiply-adds of a depthwise convolution and of the 1x1 after it, at one size."""
    depthwise = channels_in * kernel**2 * size**2
    pointwise = channels_in * channels_out * size**2
    return depthwise + pointwise


table = cnnref.table("mobilenet_v1")
for block in ("stage1_1", "stage2_1", "stage5_2"):
    rows = [row for row in table if row.block == block and row.op == "conv"]
    channels = rows[0].in_shape.channels, rows[1].out_shape.channels
    found = separable(*channels, rows[0].window.kernel[0], rows[0].out_shape.size[0])
    assert found == rows[0].macs + rows[1].macs, block
