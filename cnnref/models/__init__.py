"""The second book: each network as plain PyTorch; a file here runs when pasted alone."""
