"""Datasets in files: what other programs write, read into a store."""
