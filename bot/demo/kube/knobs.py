"""What a test or a person may turn while the server runs."""

from dataclasses import dataclass


@dataclass(slots=True)
class Knobs:
    """Times are in seconds. The defaults are the real server's, but for `window`.

    `window` is how many changes of each resource are remembered: a watch, or the rest of a list, from before them
    gets 410. `bookmarks` come that often to watches that allow them, and once `last_bookmark` before the server ends
    the stream. A watch without `timeoutSeconds` lives between `watch_life` and twice that. `watch_buffer` is how
    many lines may wait for a slow reader before its stream is ended. `body_limit` is in bytes.
    """

    window: int = 1000
    bookmarks: float = 60.0
    last_bookmark: float = 2.0
    watch_life: float = 1800.0
    watch_buffer: int = 10_000
    body_limit: int = 3 * 1024 * 1024
