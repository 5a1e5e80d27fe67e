"""Input signals: arrays, lists, memory maps and dask arrays."""
