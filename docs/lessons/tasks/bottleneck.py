"""The parameters of a bottleneck"""

import cnnref


def bottleneck(wide, narrow):
    """Parameters of a block from wide maps to wide ones, with its normalisations."""
    weights = wide * narrow + 9 * narrow**2 + narrow * wide
    norms = 2 * (narrow + narrow + wide)
    return weights + norms


table = cnnref.table("resnet50")
for block in ("conv2_2", "conv3_4", "conv4_6", "conv5_3"):
    rows = [row for row in table if row.block == block]
    narrow, wide = rows[0].out_shape.channels, rows[-1].out_shape.channels
    assert bottleneck(wide, narrow) == sum(row.parameters for row in rows), block
