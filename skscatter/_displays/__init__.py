"""Pictures, as displays in scikit-learn's sense: `from_estimator` computes, `plot` draws.

Each display holds arrays, and no estimator. Matplotlib is imported when something is drawn.
"""
