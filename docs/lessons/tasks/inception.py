"""An inception module"""

import cnnref


def inception(net, x, one, reduce3, three, reduce5, five, pool):
    """The branches of a module, side by side; the widths as in the paper's table."""
    branches = [
        net.conv(x, one, kernel=1),
        net.conv(net.conv(x, reduce3, kernel=1), three, kernel=3, padding=1),
        net.conv(net.conv(x, reduce5, kernel=1), five, kernel=5, padding=2),
        net.conv(net.max_pool(x, kernel=3, stride=1, padding=1), pool, kernel=1),
    ]
    return net.concat(*branches)


PATHS = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
table = cnnref.table("googlenet")
for module in ("3a", "3b", "4a", "4e", "5b"):
    rows = [table[f"inception_{module}.{path}"] for path in PATHS]
    net = cnnref.Net(tuple(rows[0].in_shape))
    made = inception(net, net.input, *(row.out_shape.channels for row in rows))
    assert made.shape == table[f"inception_{module}.concat"].out_shape, module
    assert net.table().parameters == sum(row.parameters for row in rows), module
    assert net.table().macs == sum(row.macs for row in rows), module
