"""A shuffle of channels"""


def shuffled(channels, groups):
    """The first channel of every group, then the second of every group, and so on."""
    size = len(channels) // groups
    return [one for place in range(size) for one in channels[place::size]]


assert shuffled(list("aabbcc"), 3) == list("abcabc")
for groups, size in [(2, 6), (3, 3), (4, 8)]:
    channels = [(group, place) for group in range(groups) for place in range(size)]
    found = shuffled(channels, groups)
    assert sorted(found) == channels, "every channel is there once"
    assert shuffled(found, size) == channels, "a shuffle by the other number undoes it"
    for start in range(0, len(found), groups):
        seen = {group for group, _ in found[start : start + groups]}
        assert len(seen) == groups, f"from {start} on"
