"""`python -m maskwatch`."""

from maskwatch.cli.main import run

if __name__ == "__main__":
    run()
