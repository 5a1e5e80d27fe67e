"""What ``skscatter`` and ``python -m skscatter`` run."""

import sys


def main() -> int:
    """Run the command line; return its exit status."""
    try:
        # Imported here, so that an interrupt during the import ends in one line, too.
        from skscatter._cli.main import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
