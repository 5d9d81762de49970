"""``python -m orgauth``."""

from orgauth.cli.main import run

if __name__ == "__main__":
    run()
