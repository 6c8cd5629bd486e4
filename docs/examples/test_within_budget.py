import pytest
from model import Net


@pytest.mark.budget("small", parameters="100k")
def test_the_network_stays_small(within_budget):
    within_budget(Net(), (3, 96, 96))
