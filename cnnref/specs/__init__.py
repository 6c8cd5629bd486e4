"""The first book: each network as a forward pass over shapes, torch-free, from its paper."""
