# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Measure on your own machine
#
# A table says how many multiply-adds a network does. How long they take, only a clock can say, and only about the machine
# that it stands in. Here you guess an order from the counts, measure it, and look for the layers that your machine is slow
# at. It needs PyTorch and takes about a minute; the [page of measurements](../measured.md) has more networks and other machines.

# %%
import cnnref

NAMES = ("plain20_cifar", "resnet20_cifar", "resnet32_cifar")
SECONDS = 0.2  # of repeating; with more the quartiles come closer to each other

# %% [markdown]
# ## First a guess
#
# Three networks for images of the same small size. Two of them do the same work, one in fewer rows.
# Put them in order before you read on: which is the fastest, and by how much?

# %%
tables = {name: cnnref.table(name) for name in NAMES}
for name, table in tables.items():
    print(f"{name:18} {table.macs:>12,} MACs {len(table):4} rows {table.parameters:>9,} parameters")

guess = sorted(NAMES, key=lambda name: tables[name].macs)
print("by MACs:", *guess)

assert guess[-1] == "resnet32_cifar"
assert tables["plain20_cifar"].macs == tables["resnet20_cifar"].macs

# %% [markdown]
# ## Then the clock
#
# Each network runs a few times to warm up, and then again and again for the time that you allow. The median is what counts; the
# quartiles around it say how far to trust it. If they are far apart, something else is running on your machine.

# %% tags=["times"]
found = {name: cnnref.measure(name, device="cpu", seconds=SECONDS) for name in NAMES}
for name in guess:
    time = found[name].time
    print(f"{name:18} {1e3 * time.median:8.2f} ms, quartiles {1e3 * time.lower:.2f} and {1e3 * time.upper:.2f}")

assert all(one.time.lower <= one.time.median <= one.time.upper for one in found.values())

# %% [markdown]
# Is the order what you guessed? A network with half of the MACs seldom takes half of the time: each row has to be started, whether it
# has much to do or not.
#
# ## What no clock changes
#
# The module that ran was built by the second book of this site, and PyTorch's own counter counted while it ran. Its numbers are those of
# the table to the last digit, on every machine.

# %%
for name, table in tables.items():
    assert found[name].macs == table.macs
    assert found[name].parameters == table.parameters
    assert [layer.name for layer in found[name].layers] == [layer.name for layer in table]
    print(f"{name:18} {found[name].macs:>12,} MACs, counted by PyTorch")

# %% [markdown]
# ## Where the time goes
#
# The clock between the layers is coarser, but it says where to look. Beside each share of the time stands the share of the MACs. If
# the two were equal, the count alone would be enough.

# %% tags=["times"]
network = found["resnet20_cifar"]
spent = {}
for layer in network.layers:
    seconds, macs = spent.get(layer.op, (0, 0))
    spent[layer.op] = seconds + layer.seconds, macs + layer.macs
whole = sum(layer.seconds for layer in network.layers)
for op, (seconds, macs) in sorted(spent.items(), key=lambda item: item[1], reverse=True):
    print(f"{op:18} {100 * seconds / whole:5.1f}% of the time {100 * macs / network.macs:6.1f}% of the MACs")

assert sum(layer.macs for layer in network.layers) == network.macs

# %% [markdown]
# ## A larger batch
#
# With more images at once the same rows are started once for all of them, and the weights are read once. So the throughput
# usually rises, until the machine has its hands full.

# %% tags=["times"]
batch = cnnref.measure(
    "resnet20_cifar", device="cpu", batch_size=16, layers=False, seconds=SECONDS
)
for one in (network, batch):
    print(f"batch of {one.batch_size:3} {one.images_per_second:10.1f} images/s")

assert batch.macs == network.macs

# %% [markdown]
# ## What your machine allows
#
# Two rates bound every layer: how fast the machine multiplies at its best, and how fast it moves bytes. `cnnref.ceilings` measures
# both, and `roofline` says of each layer which of them it meets first. Arithmetic needs no clock, so here the rates are stated;
# put those of your own machine in their place with `cnnref.ceilings("cpu")`.

# %%
stated = cnnref.Ceilings("float32", flops_per_second=1e11, bytes_per_second=1e10)
allowed = {}
for row in cnnref.roofline(tables["resnet20_cifar"], stated):
    allowed[row.bound] = allowed.get(row.bound, 0) + 1
print("rows by what holds them back:", allowed)

assert sum(allowed.values()) <= len(tables["resnet20_cifar"])

# %% [markdown]
# ## Try it
#
# Take two networks of the [catalogue](../networks/index.md) with nearly the same number of MACs, guess which is faster, and measure.
# Then give the slower one a larger batch. Does the order change, and which rows are the reason?
