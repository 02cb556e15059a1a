"""What a test or the demo may turn on the controllers. The defaults are those of Flux 2.9."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SOURCE: Final = "source-controller"
KUSTOMIZE: Final = "kustomize-controller"
HELM: Final = "helm-controller"
NOTIFICATION: Final = "notification-controller"
IMAGE_REFLECTOR: Final = "image-reflector-controller"
IMAGE_AUTOMATION: Final = "image-automation-controller"
WATCHER: Final = "source-watcher"
OPERATOR: Final = "flux-operator"

CONTROLLERS: Final = (SOURCE, KUSTOMIZE, HELM, NOTIFICATION)
EXTRA: Final = (IMAGE_REFLECTOR, IMAGE_AUTOMATION, WATCHER, OPERATOR)


@dataclass(slots=True)
class Knobs:
    """Times are in seconds. Everything may be changed while the controllers run; it counts from the next use on.

    `pace` stretches every step of every run, `paces` those of one controller. `lag` is how late a controller's caches
    learn of a change; `lags` names one cache by (controller, plural). `jitter` is the share by which steps, lags and
    intervals vary at random. `turnaround` lies between the end of a run and the object's next one; a lag below it is
    never noticed by an object's own runs. A `namespace` keeps all controllers to it.
    """

    workers: Mapping[str, int] = field(default_factory=lambda: {SOURCE: 2})
    workers_else: int = 4
    pace: float = 1.0
    paces: dict[str, float] = field(default_factory=dict)
    lag: float = 0.0
    lags: dict[tuple[str, str], float] = field(default_factory=dict)
    turnaround: float = 0.005
    jitter: float = 0.0
    retry_first: float = 0.75
    retry_longest: float = 900.0
    requeue_dependency: float = 30.0
    poll_health: float = 5.0
    history_sync: float = 10.0
    reconnect: float = 1.0
    allow_cross_namespace: bool = True
    namespace: str = ""

    def workers_of(self, controller: str) -> int:
        return self.workers.get(controller, self.workers_else)

    def pace_of(self, controller: str) -> float:
        return self.pace * self.paces.get(controller, 1.0)

    def lag_of(self, controller: str, plural: str) -> float:
        return self.lags.get((controller, plural), self.lag)
