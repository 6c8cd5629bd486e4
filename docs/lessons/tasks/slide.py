"""A kernel that slides over an image"""


def slide(image, kernel):
    """The sum of products at each place of a square kernel, as a list of rows."""
    size = len(kernel)
    places = [(row, col) for row in range(size) for col in range(size)]
    return [
        [
            sum(kernel[row][col] * image[y + row][x + col] for row, col in places)
            for x in range(len(image[y]) - size + 1)
        ]
        for y in range(len(image) - size + 1)
    ]


upright = [[-1, 0, 1]] * 3
assert slide([[0, 0, 9, 9]] * 3, upright) == [[27, 27]], "an edge from dark to bright"
assert slide([[9, 9, 0, 0]] * 3, upright) == [[-27, -27]], "an edge from bright to dark"
assert slide([[5, 5, 5, 5]] * 3, upright) == [[0, 0]], "an even ground"
image = [[5 * row**2 + 3 * column for column in range(7)] for row in range(5)]
for size in (1, 2, 3, 5):
    for top, left in [(0, 0), (0, size - 1), (size - 1, 0)]:
        # a single one in the kernel shows the image moved
        side = range(size)
        cells = [[(row, col) == (top, left) for col in side] for row in side]
        moved = [line[left : left + 8 - size] for line in image[top : top + 6 - size]]
        assert slide(image, cells) == moved, (size, top, left)
