"""The mathematics of scattering, written against a small namespace of array operations."""
