"""What training sets in torch is as it was before, for the tests that follow."""

import pytest
import torch


@pytest.fixture(autouse=True)
def torch_as_before():
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(exact)
