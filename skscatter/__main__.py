"""What ``python -m skscatter`` runs."""

import sys

from skscatter._cli.main import main

if __name__ == "__main__":
    sys.exit(main())
