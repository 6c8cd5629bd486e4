"""Measuring on this machine: time, memory and ceilings, and the process left as it was."""
