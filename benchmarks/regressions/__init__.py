"""Benchmarks that show when a change makes skscatter slower or larger, with asv.

Compare a branch with main, side by side, on an idle machine::

    pip install asv virtualenv
    asv continuous main HEAD

The other benchmarks of the parent folder compare skscatter with other libraries, for the
documentation.
"""
