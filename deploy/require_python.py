"""Refuse an interpreter that is too old, in one sentence, before anything is installed."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file runs on the interpreter that is found, whatever it is
    sys.exit("Gradeline needs Python 3.11 or newer, this one is older: say PYTHON=python3.12 make ...")
