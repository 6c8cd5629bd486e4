"""The receptive field of a stack"""

import cnnref


def receptive_field(windows):
    """Pixels that an output sees along one axis; windows: kernel and stride of each."""
    field, step = 1, 1
    for kernel, stride in windows:
        field += (kernel - 1) * step
        step *= stride
    return field


assert receptive_field([(3, 1), (3, 1)]) == receptive_field([(5, 1)])
for name in ("vgg16", "zfnet", "nin"):
    table, windows = cnnref.table(name), []
    for row, seen in zip(table, table.receptive_fields()):
        if row.op in ("conv", "max_pool"):
            windows.append((row.window.kernel[0], row.window.stride[0]))
            assert receptive_field(windows) == seen.field[0], f"{name}: {row.name}"
