"""Which seed a test takes: always the same, so that a change is red by its own doing; another one on demand."""

import os
import secrets
from typing import Final

VARIABLE: Final = "FLUX_BOT_TEST_SEED"
"""A number, or `random`."""
USUAL: Final = 600_000


def chosen_seed() -> int:
    """The seed for the random tests of this run; whoever draws one prints it."""
    given = os.environ.get(VARIABLE, "")
    return secrets.randbelow(10**9) if given == "random" else int(given or USUAL)
