"""Refusals in the shape of Kubernetes: a Status object with code, reason, message and details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from bot.demo.kube.calls import JSON, Answer, Json
from bot.demo.kube.resources import Resource
from bot.demo.kube.schema import Cause


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not carried out."""

    code: int
    reason: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def status(self) -> Json:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": dict(self.metadata),
            "status": "Failure",
            "message": self.message,
            **({"reason": self.reason} if self.reason else {}),
            **({"details": dict(self.details)} if self.details else {}),
            "code": self.code,
        }

    def answer(self) -> Answer:
        """As an answer; a wait that is asked for stands in a header too."""
        seconds = self.details.get("retryAfterSeconds")
        headers = JSON if seconds is None else {**JSON, "Retry-After": str(seconds)}
        return Answer(self.code, msgspec.json.encode(self.status) + b"\n", headers)


def about(resource: Resource, name: str = "", **more: object) -> Mapping[str, object]:
    """The details that say which object is meant."""
    group = {"group": resource.group} if resource.group else {}
    return {**({"name": name} if name else {}), **group, "kind": resource.plural, **more}


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def not_found(resource: Resource, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{resource.qualified} "{name}" not found', about(resource, name))


def already_exists(resource: Resource, name: str) -> Refusal:
    return Refusal(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', about(resource, name))


def conflict(resource: Resource, name: str, why: str) -> Refusal:
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return Refusal(409, "Conflict", message, about(resource, name))


def modified(resource: Resource, name: str) -> Refusal:
    """The writer had read an older version."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> Refusal:
    listed = [f"{cause.field}: {cause.message}" for cause in causes]
    said = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = {
        **about(resource, name),
        "kind": resource.kind,
        "causes": [{"reason": each.reason, "message": each.message, "field": each.field} for each in causes],
    }
    return Refusal(422, "Invalid", f'{kind} "{name}" is invalid: {said}', details)


def not_allowed(resource: Resource | None = None, method: str = "") -> Refusal:
    """The method is none for this path."""
    if resource is None:
        return Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    message = f'{method.lower()} is not supported on resources of kind "{resource.qualified}"'
    return Refusal(405, "MethodNotAllowed", message, about(resource))


def not_acceptable(accepted: str) -> Refusal:
    message = f"only the following media types are accepted: {accepted}"
    return Refusal(406, "NotAcceptable", message)


def unsupported(accepted: str) -> Refusal:
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return Refusal(415, "UnsupportedMediaType", message)


def expired(message: str, fresh: str = "") -> Refusal:
    """The version is no longer known; `fresh` is a continue token with which the list may be read on as it is now."""
    return Refusal(410, "Expired", message, metadata={"continue": fresh} if fresh else {})


def from_the_future(version: int, current: int) -> Refusal:
    """A list of a version that does not exist yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {version}, current: {current}"
    return Refusal(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def too_large(limit: int) -> Refusal:
    message = f"Request entity too large: limit is {limit}"
    return Refusal(413, "RequestEntityTooLarge", message)
