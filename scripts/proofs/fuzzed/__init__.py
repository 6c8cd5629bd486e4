"""Fuzzed."""
