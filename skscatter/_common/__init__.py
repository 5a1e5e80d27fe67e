"""Helpers that know nothing of signals: checks of parameters, optional imports, units."""
