"""Signals as people have them: arrays, lists, memory maps and dask arrays."""
