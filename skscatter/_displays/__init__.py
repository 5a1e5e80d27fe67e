"""Displays, as in scikit-learn: `from_estimator` computes, `plot` draws.

A display holds arrays and no estimator. Matplotlib is imported when something is drawn.
"""
