"""Flatten against global average pooling"""

from cnnref import Net


def heads(channels, size, classes):
    """Parameters of the layer that makes the scores: flattened, averaged."""
    flat = (channels * size**2 + 1) * classes
    averaged = (channels + 1) * classes
    return flat, averaged


for channels, size, classes in [(512, 7, 1000), (1024, 7, 1000), (1024, 14, 100)]:
    net = Net((channels, size, size))
    net.linear(net.flatten(net.input), classes, name="flat")
    average = net.flatten(net.adaptive_avg_pool(net.input, 1))
    net.linear(average, classes, name="averaged")
    rows = net.table()
    counted = rows["flat"].parameters, rows["averaged"].parameters
    assert heads(channels, size, classes) == counted, (channels, size)
