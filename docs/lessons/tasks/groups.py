"""A convolution in groups"""

import cnnref


def grouped(channels_in, channels_out, kernel, groups, size):
    """Weights and multiply-adds of a convolution without biases; all is square."""
    weights = channels_out * (channels_in // groups) * kernel**2
    return weights, weights * size**2


for name in ("alexnet_2012", "alexnet_2012_nogroups", "resnext50_32x4d"):
    for row in cnnref.table(name):
        if row.op == "conv":
            channels = row.in_shape.channels, row.out_shape.channels
            window = row.window.kernel[0], row.window.groups
            found = grouped(*channels, *window, row.out_shape.size[0])
            assert found == (row.counts.weights, row.macs), f"{name}: {row.name}"
