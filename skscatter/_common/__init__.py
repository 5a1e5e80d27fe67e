"""Helpers independent of signals: checks of parameters, optional imports, units, files."""
