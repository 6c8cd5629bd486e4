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
# # Train and compare: one window or two
#
# A count says that two 3x3 convolutions cost less than one 5x5 and see as much. Are they as good? That only training can
# tell. Here you draw the images, build both networks, train each with several seeds and look at the spread: the
# [experiment](../experiments.md#windows) of the chapter on VGG in small, with all of its code in sight. It needs PyTorch and takes less
# than a minute.

# %%
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import cnnref

torch.set_num_threads(1)

# %% [markdown]
# ## Images that are drawn
#
# Each image hides one of a few random patterns, black or white, anywhere, under noise. The pattern is the class. No image
# is ever seen twice, so nothing can be learned by heart.

# %%
CLASSES, SIZE, EDGE, NOISE = 10, 12, 5, 0.3
ALPHABET = torch.Generator().manual_seed(1)
PATTERNS = torch.randint(2, (CLASSES, EDGE, EDGE), generator=ALPHABET) * 2.0 - 1


def draw(count, generator):
    classes = torch.randint(CLASSES, (count,), generator=generator)
    signs = torch.randint(2, (count,), generator=generator) * 2 - 1
    corners = torch.randint(SIZE - EDGE + 1, (count, 2), generator=generator)
    images = NOISE * torch.randn(count, 1, SIZE, SIZE, generator=generator)
    for image, kind, sign, (row, column) in zip(images, classes, signs, corners, strict=True):
        image[0, row : row + EDGE, column : column + EDGE] += sign * PATTERNS[kind]
    return images, classes


images, classes = draw(3, torch.Generator().manual_seed(0))
for line in images[0, 0]:
    print("".join(" .:#@"[min(4, max(0, int(2.5 + 1.5 * value)))] for value in line))
print("class", classes[0].item())

assert images.shape == (3, 1, SIZE, SIZE)
assert len(torch.unique(PATTERNS.flatten(1), dim=0)) == CLASSES

# %% [markdown]
# ## Two networks that differ in one thing
#
# A 3x3 convolution, a unit, a pooling, another unit, and the average of each map. The unit is one 5x5 or two 3x3.

# %%
WIDTH = 12


def conv(channels, kernel):
    window = nn.Conv2d(channels, WIDTH, kernel, padding=kernel // 2, bias=False)
    return [window, nn.BatchNorm2d(WIDTH), nn.ReLU()]


UNITS = {"one 5x5": (5,), "two 3x3": (3, 3)}


def network(kernels):
    unit = [[layer for kernel in kernels for layer in conv(WIDTH, kernel)] for _ in range(2)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, CLASSES)]
    return nn.Sequential(*conv(1, 3), *unit[0], nn.MaxPool2d(2), *unit[1], *head)


tables = {name: cnnref.trace(network(kernels), (1, SIZE, SIZE)) for name, kernels in UNITS.items()}
for name, table in tables.items():
    print(f"{name}: {table.parameters:,} parameters, {table.macs:,} MACs")

# by hand: each weight is used at every position, of the large maps and of the small ones
window = cnnref.Net((WIDTH, SIZE, SIZE))
window.conv(window.input, WIDTH, kernel=5, padding=2, bias=False)
assert window.table().macs == 5 * 5 * WIDTH**2 * SIZE**2
saved = (5 * 5 - 2 * 3 * 3) * WIDTH**2
assert tables["one 5x5"].macs - tables["two 3x3"].macs == saved * (SIZE**2 + (SIZE // 2) ** 2)
# the pair has one more norm in each unit, with a scale and a shift for each channel
more = 2 * 2 * WIDTH
assert tables["one 5x5"].parameters - tables["two 3x3"].parameters == 2 * saved - more

# %% [markdown]
# ## Training
#
# A seed decides the weights at the start and the images. Both networks get the same images in the same order.


# %%
def train(kernels, seed, steps=160, batch=32):
    torch.manual_seed(seed)
    model = network(kernels)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    stream = torch.Generator().manual_seed(1000 + seed)
    for step in range(steps):
        images, classes = draw(batch, stream)
        loss = cross_entropy(model(images), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == steps * 4 // 5:
            optimizer.param_groups[0]["lr"] /= 10
    images, classes = draw(1000, torch.Generator().manual_seed(7))
    with torch.no_grad():
        wrong = (model.eval()(images).argmax(1) != classes).sum().item()
    return 100 * wrong / len(classes)


errors = {name: [train(kernels, seed) for seed in range(3)] for name, kernels in UNITS.items()}
for name, found in errors.items():
    mean = sum(found) / len(found)
    print(f"{name}: {mean:.1f} % wrong, by seed", ", ".join(f"{one:.1f}" for one in found))

# %% [markdown]
# Look at the spread before you compare the means. If one kind's worst seed is better than the other's best one, that means
# something; if the ranges overlap, a few more seeds may reverse the order.
#
# In so few steps the pair, which is deeper, may be a little behind; with more steps it catches up. Both networks have learned the task, and
# that is all that this notebook insists on:

# %%
chance = 100 * (1 - 1 / CLASSES)
assert {len(found) for found in errors.values()} == {3}
assert all(error < chance / 2 for found in errors.values() for error in found)

# %% [markdown]
# ## Try it
#
# Take the ReLU between the two 3x3 away: what is left is one linear function of the patch. Or widen the pair until it
# has as many weights as the 5x5. What changes, and is the change larger than the spread? Both are answered on the page
# [Experiments](../experiments.md#windows).
