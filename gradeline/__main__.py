"""`python -m gradeline` is the same as `gradeline`."""

from gradeline.main import app

if __name__ == "__main__":
    app()
