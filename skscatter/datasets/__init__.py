"""Recordings: spoken digits, embedded or fetched, and folders of your own."""

import lazy_loader

# The names are those of __init__.pyi, and each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
