from cnnref.testing import assert_budget
from model import Net


def test_the_network_stays_small():
    assert_budget(
        Net(), (3, 96, 96), macs="100M", parameters="100k", peak="1MiB", dtype="float16"
    )
