"""The cache of features: its file, its sessions and its keys."""
