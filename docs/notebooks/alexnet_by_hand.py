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
# # AlexNet's table by hand
#
# The [AlexNet chapter](../alexnet.md) shows a table with a row for each layer. Here you make that table yourself,
# formula by formula, in plain Python. After each step an `assert` holds your number against the one from `cnnref`.
# These pages are built by running them: if a formula were wrong, there would be no page.

# %%
import cnnref

book = cnnref.table("alexnet", input_size=227).listed("lecture")
print(*(layer.name for layer in book))

# %% [markdown]
# ## What the network is made of
#
# All that you need to know of a convolution is its number of filters, its kernel, its stride and its padding. A
# pooling has no filters. A fully-connected layer has outputs and nothing else. This is the whole network; ReLU and
# dropout are left out, since the lecture does not count them.

# %%
layers = [
    # name, kind, filters or outputs, kernel, stride, padding
    ("conv1", "conv", 64, 11, 4, 2),
    ("pool1", "pool", None, 3, 2, 0),
    ("conv2", "conv", 192, 5, 1, 2),
    ("pool2", "pool", None, 3, 2, 0),
    ("conv3", "conv", 384, 3, 1, 1),
    ("conv4", "conv", 256, 3, 1, 1),
    ("conv5", "conv", 256, 3, 1, 1),
    ("pool5", "pool", None, 3, 2, 0),
    ("flatten", "flatten", None, None, None, None),
    ("fc6", "fc", 4096, None, None, None),
    ("fc7", "fc", 4096, None, None, None),
    ("fc8", "fc", 1000, None, None, None),
]

# %% [markdown]
# ## A convolution: conv1
#
# ### How large is the output?
#
# The window starts at the edge of the padding and moves by the stride as long as it fits:
#
# $$ W' = \left\lfloor \frac{W - K + 2 \times P}{S} \right\rfloor + 1 $$

# %%
W, K, S, P = 227, 11, 4, 2


def output_size(W, K, S, P):
    return (W - K + 2 * P) // S + 1


print(f"({W} - {K} + 2 x {P}) / {S} + 1 = {output_size(W, K, S, P)}")
assert output_size(W, K, S, P) == book["conv1"].out_shape.size[0]

# %% [markdown]
# There is a channel for each filter, so the output has the shape $C_{out} \times H' \times W'$.
#
# ### How much memory?
#
# The output has one number for each element, and in float32 each number takes four bytes.

# %%
C_out, H_out = 64, output_size(W, K, S, P)
elements = C_out * H_out * H_out
kilobytes = elements * 4 / 1024

print(f"{C_out} x {H_out} x {H_out} = {elements:,} elements, {kilobytes:g} KB")
assert elements == book["conv1"].activations
assert elements * 4 == cnnref.convention("lecture").stored_bytes(book["conv1"])

# %% [markdown]
# ### How many parameters?
#
# Each filter is a block of weights as deep as the input, and has one bias:
#
# $$ (C_{out} \times C_{in} \times K \times K) + C_{out} $$
#
# The size of the image does not occur in it.

# %%
C_in = 3
parameters = C_out * C_in * K * K + C_out

print(f"{C_out} x {C_in} x {K} x {K} + {C_out} = {parameters:,}")
assert parameters == book["conv1"].parameters

# %% [markdown]
# ### How many operations?
#
# Every element of the output is a sum with one multiply-add for each weight of its filter. The lecture counts a
# multiply-add as one operation, and calls it a flop:
#
# $$ (C_{out} \times H' \times W') \times (C_{in} \times K \times K) $$

# %%
operations = elements * (C_in * K * K)

print(f"{elements:,} x {C_in * K * K} = {operations:,}")
assert operations == book["conv1"].operations("lecture")

# %% [markdown]
# ## A pooling: pool1
#
# The window moves by the same rule, over one channel at a time. The division leaves a remainder, and the result is
# rounded down. There is nothing to learn; for the work the lecture counts each number that a window looks at.

# %%
W, K, S, P = 56, 3, 2, 0
H_out = output_size(W, K, S, P)
operations = 64 * H_out * H_out * (K * K)

print(f"({W} - {K} + 2 x {P}) / {S} + 1 = {(W - K + 2 * P) / S + 1}, rounded down {H_out}")
print(f"64 x {H_out} x {H_out} x {K * K} = {operations:,}")
assert H_out == book["pool1"].out_shape.size[0]
assert operations == book["pool1"].operations("lecture")

# %% [markdown]
# ## A fully-connected layer: fc6
#
# The last maps are read as one long vector. Each output has a weight for every element of it, and a bias. So there
# are as many multiply-adds as weights: each weight is used once.

# %%
C_in, C_out = 256 * 6 * 6, 4096

print(f"inputs     256 x 6 x 6 = {C_in:,}")
print(f"operations {C_in} x {C_out} = {C_in * C_out:,}")
print(f"parameters {C_in} x {C_out} + {C_out} = {C_in * C_out + C_out:,}")
assert C_in * C_out == book["fc6"].operations("lecture")
assert C_in * C_out + C_out == book["fc6"].parameters

# %% [markdown]
# The lecture prints another number of parameters under this very formula. Two digits have changed places:

# %%
stated = "37,725,832"  # the lecture, beside this formula
computed = f"{C_in * C_out + C_out:,}"
print(f"{stated} stated, {computed} computed")
(first, second) = (place for place in range(len(stated)) if stated[place] != computed[place])
assert (stated[first], stated[second]) == (computed[second], computed[first])

# %% [markdown]
# ## The whole table
#
# Now the same formulas for every layer in turn. What a layer hands on is the input of the next.


# %%
def count(kind, shape, filters, kernel, stride, padding):
    """Output shape, parameters and operations of one layer."""
    if kind == "flatten":
        C, H, W = shape
        return (C * H * W,), 0, 0
    if kind == "fc":
        (C,) = shape
        return (filters,), C * filters + filters, C * filters
    C, H, W = shape
    H, W = output_size(H, kernel, stride, padding), output_size(W, kernel, stride, padding)
    if kind == "pool":
        return (C, H, W), 0, C * H * W * kernel * kernel
    weights = filters * C * kernel * kernel
    return (filters, H, W), weights + filters, weights * H * W


def mine(shape):
    """A row for each layer: name, shape of the output, parameters, operations."""
    rows = []
    for name, kind, *numbers in layers:
        shape, parameters, operations = count(kind, shape, *numbers)
        rows.append((name, shape, parameters, operations))
    return rows


rows = mine((3, 227, 227))
for name, shape, parameters, operations in rows:
    print(f"{name:8}{str(shape):16}{parameters:>12,}{operations:>14,}")

# %% [markdown]
# And the comparison, row by row and not only in the totals: two slips can cancel in a total.

# %%
for (name, shape, parameters, operations), layer in zip(rows, book, strict=True):
    assert name == layer.name
    assert shape == layer.out_shape, name
    assert parameters == layer.parameters, name
    assert operations == layer.operations("lecture"), name

print(f"{len(rows)} of {len(book)} rows agree")
print(f"parameters {sum(row[2] for row in rows):,}, operations {sum(row[3] for row in rows):,}")

# %% [markdown]
# The lecture's own table has another count for one of these rows. Which is it, and by how much?

# %%
stated = "145"  # millions of operations of conv4 in the lecture's table
conv4 = dict((row[0], row[3]) for row in rows)["conv4"]
print(f"conv4: {stated} M stated, {conv4 / 1e6:.1f} M computed")
assert stated != f"{conv4 / 1e6:.0f}"

# %% [markdown]
# ## Where the cost lies
#
# The lecture sums up its table in three sentences: most memory is in the early convolutions, most parameters are in
# the fully-connected layers, and most operations in the convolutions. With the table at hand you can say how much.

# %%
def share(part, whole):
    return f"{100 * part / whole:.0f}%"


bytes_of = {layer.name: cnnref.convention("lecture").stored_bytes(layer) for layer in book}
weights_of = {row[0]: row[2] for row in rows}
work_of = {row[0]: row[3] for row in rows}

early = [bytes_of[name] for name in ("conv1", "conv2")]
linear = [weights_of[name] for name in ("fc6", "fc7", "fc8")]
convs = [work for name, work in work_of.items() if name.startswith("conv")]

print("memory in conv1 and conv2:", share(sum(early), sum(bytes_of.values())))
print("parameters in fc6 to fc8: ", share(sum(linear), sum(weights_of.values())))
print("operations in all convs:  ", share(sum(convs), sum(work_of.values())))

# %% [markdown]
# ## Try it
#
# torchvision runs the same network on a slightly smaller image. Before you look: which rows change, and which columns
# stay as they are?

# %%
smaller = mine((3, 224, 224))
for (name, *before), (_, *after) in zip(rows, smaller, strict=True):
    if before != after:
        print(f"{name}: {before[0]} becomes {after[0]}")
        print(f"operations {before[2]:,} become {after[2]:,}")

for row, layer in zip(smaller, cnnref.table("alexnet").listed("lecture"), strict=True):
    assert row == (layer.name, layer.out_shape, layer.parameters, layer.operations("lecture"))

# %% [markdown]
# Only the maps of the first convolution shrink, and with them its work. The pooling after it rounds down, and the
# difference is gone: from there on nothing changes. So the parameters stay as they are, too: the formula for those of
# a convolution does not contain the size of the image, and the maps that reach fc6 happen to have the same size.
#
# That is a coincidence. On a larger image the size is different:

# %%
larger = mine((3, 256, 256))
for (name, *before), (_, *after) in zip(rows, larger, strict=True):
    if before[1] != after[1]:
        print(f"{name}: {before[1]:,} parameters become {after[1]:,}")
print(f"in all {sum(row[2] for row in rows):,} become {sum(row[2] for row in larger):,}")
assert [row[0] for row, other in zip(rows, larger, strict=True) if row[2] != other[2]] == ["fc6"]

# %% [markdown]
# Only fc6 changes, since it has a weight for every number that it reads. So its weights fit one size of image only.
# That is why torchvision's network has a pooling before fc6 that brings the last maps to one size, and why later
# networks average each map into one number.
