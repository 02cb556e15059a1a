"""The simulated API server, held to what the real one does."""

import pytest

pytest.register_assert_rewrite("tests.demo.kube.checks")
