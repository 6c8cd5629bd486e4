"""A pooling that rounds up"""

from cnnref import Net


def pooled(size, kernel, stride, padding):
    """The size of a pooling's output, rounded up; no window begins behind the map."""
    places = -(-(size + 2 * padding - kernel) // stride) + 1
    begins_outside = (places - 1) * stride >= size + padding
    return places - 1 if begins_outside else places


for size in range(4, 30):
    for kernel, stride, padding in [(3, 2, 0), (3, 2, 1), (5, 2, 1), (2, 3, 1)]:
        net = Net((1, size, size))
        window = {"kernel": kernel, "stride": stride, "padding": padding}
        made = net.max_pool(net.input, **window, ceil_mode=True)
        assert pooled(size, **window) == made.shape.size[0], (size, window)
