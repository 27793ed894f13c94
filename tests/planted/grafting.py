"""Putting one function of the product in the place of another, wherever it has been imported to."""

from __future__ import annotations

import sys
from typing import Any

PRODUCT = ("shared.", "services.", "gradeline.")


def graft(holder: Any, name: str, new: Any) -> Any:
    """Replace *name* of a module or class by *new*, and every import of it under any name. Returns what was there.

    Raises AttributeError where nothing was there: then the product has changed, and the bug must follow.
    """
    old = getattr(holder, name)
    setattr(holder, name, new)
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(PRODUCT):
            for alias, value in list(vars(module).items()):
                if value is old:
                    setattr(module, alias, new)
    return old
