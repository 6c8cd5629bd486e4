"""How trace sees what a module does: its calls, its tensors, and the module left as it was."""
