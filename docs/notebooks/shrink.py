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
# # Shrink a network to a budget
#
# A camera has room for so many parameters, time for so many multiply-adds, and a memory of so many bytes for the maps of
# one image. Which network fits? Here you take VGG-16 and make it smaller, one idea of the lecture at a time. Before each step
# the table says where the cost is; after it, the table says what came of it. Nothing here needs PyTorch.

# %%
import cnnref

BUDGET = {"MACs": 300_000_000, "parameters": 3_000_000, "peak bytes": 4 * 2**20}


def costs(table):
    found = (table.macs, table.parameters, table.peak_activation_bytes())
    return dict(zip(BUDGET, found, strict=True))


def report(table):
    for name, cost in costs(table).items():
        share = cost / BUDGET[name]
        print(f"{name:11} {cost:>15,} of {BUDGET[name]:>11,} {share:8.2f} times the budget")
    return [name for name, cost in costs(table).items() if cost > BUDGET[name]]


vgg = cnnref.table("vgg16")
over = report(vgg)

assert over == list(BUDGET)

# %% [markdown]
# Everything is too large, and by very different factors. So look where each cost lies before you cut.

# %%
for measure in ("parameters", "macs"):
    for layer in vgg.top(3, measure):
        value, total = getattr(layer, measure), getattr(vgg, measure)
        print(f"{measure:10} {layer.name:8} {value:>13,} {100 * value / total:5.1f}%")

assert vgg.top(1, "parameters")[0].name == "fc6"

# %% [markdown]
# ## Without the hidden fully-connected layers
#
# One layer holds most of the parameters. Average each of the last maps to one number instead, as GoogLeNet does, and
# a single small layer is left. From here on the network is written by a function, so that it can be varied.

# %%
STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def plain(net, x, filters):
    return net.relu(net.conv(x, filters, kernel=3, padding=1))


def network(name, *, layer=plain, width=1.0, stride=1, stages=STAGES):
    net = cnnref.Net((3, 224, 224), name=name)
    first = round(width * stages[0][0])
    x = net.relu(net.conv(net.input, first, kernel=3, stride=stride, padding=1))
    for number, stage in enumerate(stages):
        for filters in stage[1:] if number == 0 else stage:
            x = layer(net, x, round(width * filters))
        x = net.max_pool(x, 2)
    net.linear(net.flatten(net.adaptive_avg_pool(x, 1)), 1000)
    return net.table()


averaged = network("averaged")
over = report(averaged)

assert vgg.parameters > 9 * averaged.parameters
assert vgg.macs - averaged.macs < vgg.macs / 100

# %% [markdown]
# Nearly all parameters are gone, and hardly any of the work: the two costs live in different layers.
#
# ## A stride at the start
#
# The work and the memory are in the large maps. A stride of two in the first convolution makes every map a quarter of
# what it was.

# %%
strided = network("strided", stride=2)
over = report(strided)

assert strided.parameters == averaged.parameters
assert 3.9 < averaged.macs / strided.macs < 4.1
assert strided.peak_activation_bytes() * 4 == averaged.peak_activation_bytes()

# %% [markdown]
# ## Space apart from channels
#
# A 3x3 convolution looks at its neighbours and mixes the channels in one go. MobileNet does one after the other: a 3x3
# for each channel by itself, then a 1x1 across them. How much that saves depends on the channels; the formula says
# $1 / C_{out} + 1 / K^2$ of the work is left.


# %%
def separable(net, x, filters):
    channels = x.shape.channels
    x = net.relu(net.conv(x, channels, kernel=3, padding=1, groups=channels))
    return net.relu(net.conv(x, filters, kernel=1))


split = network("separable", layer=separable, stride=2)
over = report(split)

net = cnnref.Net((256, 28, 28))
separable(net, net.input, 256)
pair = net.table().macs
net = cnnref.Net((256, 28, 28))
plain(net, net.input, 256)
full = net.table().macs
print(f"a layer of 256 channels: {pair / full:.4f} of the work is left")

assert pair * 256 * 9 == full * (256 + 9)
assert split.macs < strided.macs / 7

# %% [markdown]
# ## As wide as the budget allows
#
# What is still too much is a matter of width. MACs and parameters both grow about with its square, so the widest network that
# fits is quickly found: try a width, and halve the interval.

# %%
low, high = 0.1, 1.0
while high - low > 0.001:
    middle = (low + high) / 2
    table = network("try", layer=separable, width=middle, stride=2)
    fits = all(cost <= BUDGET[name] for name, cost in costs(table).items())
    low, high = (middle, high) if fits else (low, middle)

final = network("final", layer=separable, width=low, stride=2)
over = report(final)
print(f"width {low:.3f}")

assert over == []
assert max(cost / BUDGET[name] for name, cost in costs(final).items()) > 0.98

# %% [markdown]
# It fits, and one of the three limits is nearly used up. Which of the layers would you cut next, if that limit were lower?

# %%
print(final.group("op")["conv"].top(3, "macs").to_text("macs"))
print(f"{vgg.macs / final.macs:.0f} times fewer MACs than VGG-16")
print(f"{vgg.parameters / final.parameters:.0f} times fewer parameters")

assert final.macs < vgg.macs / 50

# %% [markdown]
# What no table says is how well the network still sees. That has to be trained and measured; a table tells you only
# which networks are worth the trouble.
#
# ## Try it
#
# Keep the stride at one and meet the budget by width alone. How wide may the network be, and which limit decides?
# Then give the last stage half of its layers: does the network get wider for it?
