"""Entry point of ``bin/opendata``."""

from include.opendata.cli.app import main

if __name__ == "__main__":
    main()
