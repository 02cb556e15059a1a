"""Merge patches: objects are merged, null removes, anything else replaces (RFC 7386)."""

from typing import Any

from bot.demo.kube.calls import Json


def merged(target: Any, patch: Any) -> Any:
    """The patched value; neither argument is changed, and what the patch leaves alone is shared."""
    if not isinstance(patch, dict):
        return patch
    result: Json = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key), value)
        else:
            result[key] = value
    return result


def without_nulls(value: Any) -> Any:
    """Fields of objects that are null are as good as absent."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value
