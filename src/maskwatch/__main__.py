"""`python -m maskwatch`, and what the command ``maskwatch`` runs.

Light, because every process that decodes a camera loads it again.
"""


def main() -> None:
    """Runs the command line."""
    from maskwatch.cli.main import run

    run()


if __name__ == "__main__":
    main()
