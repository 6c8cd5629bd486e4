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
# # Your own network, and a slip in it
#
# You write down a network from a paper, the number of parameters is the paper's, and you are done. Or are you?
# Here you write VGG-11 with `cnnref.Net`, make a mistake that no total of parameters can show, and find it with
# `compare`. Then you write a network of your own and ask what it costs. Nothing here needs PyTorch.

# %%
import cnnref

# %% [markdown]
# ## A network is a pass over shapes
#
# A `Net` starts from the shape of one image. Each method adds one layer and returns its feature map, which is the
# input of the next layer. The code reads like the forward pass of a model, and computes nothing but shapes and counts.

# %%
net = cnnref.Net((3, 224, 224), name="start")
x = net.conv(net.input, 64, kernel=3, padding=1, name="conv1_1")
x = net.relu(x)
x = net.max_pool(x, 2, name="pool1")

print(x.shape)
print(net.table().to_text("lecture"))

# %% [markdown]
# ## VGG-11 from the paper
#
# Table 1 of the paper lists the network as its column A: a number is a 3x3 convolution with that many filters, and an
# M is a pooling that halves the maps. Written down from memory, in a hurry:

# %%
FROM_MEMORY = (64, "M", 128, "M", 256, "M", 256, 512, 512, "M", 512, 512, "M")


def vgg11(column, name):
    net = cnnref.Net((3, 224, 224), name=name)
    x = net.input
    for entry in column:
        if entry == "M":
            x = net.max_pool(x, 2)
        else:
            x = net.relu(net.conv(x, entry, kernel=3, padding=1))
    x = net.flatten(net.adaptive_avg_pool(x, 7))
    for _ in range(2):
        x = net.dropout(net.relu(net.linear(x, 4096)))
    net.linear(x, 1000)
    return net.table()


mine = vgg11(FROM_MEMORY, "from memory")
paper = cnnref.table("vgg11")

print(f"parameters: {mine.parameters:,} in mine, {paper.parameters:,} in VGG-11")
print(f"layers:     {len(mine)} in mine, {len(paper)} in VGG-11")
assert mine.parameters == paper.parameters
assert mine["linear1"].in_shape == paper["fc6"].in_shape

# %% [markdown]
# The number of parameters is right to the last digit. So is the number of layers, and so is the shape that the
# fully-connected layers read. The weights of a trained VGG-11 have exactly the shapes that this network needs. It
# would load them, run and give worse answers, and nobody would know why.
#
# ## What totals hide
#
# The work is a hint, if you know what it should be:

# %%
print(f"MACs: {mine.macs:,} in mine, {paper.macs:,} in VGG-11")
assert mine.macs != paper.macs

# %% [markdown]
# But it does not say where. `compare` puts the two tables beside each other row by row, in order of execution, and
# lists every field that differs: the kind of layer, its shapes, its window, every raw count, and which rows feed it.

# %%
differences = cnnref.compare(mine, paper)
print(*differences, sep="\n")

assert differences

# %% [markdown]
# There it is: a convolution that the paper has before the pooling comes after it. Both have the same
# number of channels, so that the weights have the same shapes in either order.
#
# ## Mended

# %%
FROM_THE_PAPER = (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M")

mended = vgg11(FROM_THE_PAPER, "from the paper")
assert cnnref.compare(mended, paper) == []
print("differences:", len(cnnref.compare(mended, paper)))

# %% [markdown]
# Names do not matter in the comparison, nor do stages or blocks. What matters is what each layer does.
#
# ### Silent at one size
#
# Shapes and counts can hide a slip as well, if you look at one input size only. A padding that is too wide does not
# change the output where the stride skips the added positions:


# %%
def start(size, padding):
    net = cnnref.Net((3, size, size))
    net.conv(net.input, 64, kernel=7, stride=4, padding=padding)
    return net.table()


for size in (224, 225, 226, 227):
    narrow, wide = start(size, 2)[0], start(size, 3)[0]
    same = narrow.out_shape == wide.out_shape and narrow.counts == wide.counts
    print(f"{size}: {narrow.out_shape} and {wide.out_shape}", "" if same else "differ")

# %% [markdown]
# So `compare` looks at the window too, and sees the slip at any size. The networks of this site are compared at
# several sizes as well, to catch what no window shows.

# %%
print(*cnnref.compare(start(224, 2), start(224, 3)), sep="\n")

assert start(224, 2)[0].counts == start(224, 3)[0].counts
assert cnnref.compare(start(224, 2), start(224, 3))

# %% [markdown]
# ## A network of your own
#
# A small residual network for small images. `stage` and `block` give the rows names to group by, and `add` joins two
# feature maps.


# %%
def residual(net, x, channels, stride, name):
    with net.block(name):
        y = net.conv(x, channels, kernel=3, stride=stride, padding=1, bias=False)
        y = net.relu(net.batch_norm(y))
        y = net.batch_norm(net.conv(y, channels, kernel=3, padding=1, bias=False))
        if stride > 1:
            x = net.batch_norm(net.conv(x, channels, kernel=1, stride=stride, bias=False))
        return net.relu(net.add(y, x))


net = cnnref.Net((3, 64, 64), name="mine")
with net.stage("stem"):
    x = net.relu(net.batch_norm(net.conv(net.input, 32, kernel=3, padding=1, bias=False)))
for stage, channels in enumerate((32, 64, 128), 1):
    with net.stage(f"stage {stage}"):
        x = residual(net, x, channels, 1 if stage == 1 else 2, f"block {stage}.1")
        x = residual(net, x, channels, 1, f"block {stage}.2")
with net.stage("head"):
    net.linear(net.flatten(net.adaptive_avg_pool(x, 1)), 10)

table = net.table()
print(f"{table.macs:,} MACs, {table.parameters:,} parameters")
for name, part in table.group("stage").items():
    print(f"{name:8} {part.macs:>12,} MACs {part.parameters:>8,} parameters")

assert sum(part.macs for part in table.group("stage").values()) == table.macs

# %% [markdown]
# Three more questions that a table answers: where one of its numbers comes from, what other conventions say, and how much
# memory the maps take while the network runs.

# %%
busiest = max(table, key=lambda layer: layer.macs)
print(busiest.explain("macs"))

for name in cnnref.conventions():
    print(f"{name:12} {table.operations(name):>12,} {cnnref.convention(name).unit}s")

print(f"{table.peak_activation_bytes():,} bytes at most at once, for one image")
print(f"{table.training_activation_bytes():,} bytes kept for training")

# %% [markdown]
# A map that does not fit is refused where it is made, with the layer, the shapes and the remedy in one sentence:

# %%
net = cnnref.Net((3, 32, 32), name="too deep")
x = net.input
try:
    for _ in range(9):
        x = net.max_pool(x, 2)
except cnnref.ShapeError as error:
    print(error)
else:
    raise AssertionError("nine halvings of so small a map must be refused")

# %% [markdown]
# ## Try it
#
# Put the slip back in another place: give one convolution of VGG-11 a padding of none and the next one twice its
# padding, or swap two of the pooling layers with their neighbours. Which of them change a total, which change a row, and
# is there one that changes neither?
