"""The comparisons of the model say what differs."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.model.checks")
