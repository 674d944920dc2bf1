"""`python -m maskwatch`, and what the command ``maskwatch`` runs.

Light, because every process that decodes a camera loads it again.
"""


def main() -> None:
    """Runs the command line."""
    try:
        from maskwatch.cli.main import run

        run()
    except KeyboardInterrupt:  # while it is being loaded; later it says so itself
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
