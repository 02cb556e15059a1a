"""The stories of docs/transcript.md: each arranges a small world, then people type and press (transcript.py)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.demo.slack.reading import as_read, handle
from bot.demo.slack.state import MessageState
from tests.real.api import Api, Ref
from tests.real.bot import End, Talk
from tests.real.bot_scenes import application, nginx, release
from tests.real.control_plane import ControlPlane
from tests.real.objects import HEALTH, config_map, git_repository, kustomization, watched_health
from tests.real.sources import Down, Sources
from tests.real.stage import failed, waiting

COMMAND = "/flux-reconcile"


@dataclass(slots=True)
class Scene:
    """Where a story plays: a namespace of its own, and the page it is written on."""

    namespace: str
    api: Api
    plane: ControlPlane
    sources: Sources
    talk: Talk
    page: list[str] = field(default_factory=list)
    _written: int = 0

    def note(self, text: str) -> None:
        """What happens outside of Slack."""
        self._catch_up()
        self.page.append(f"*{text}*\n")

    async def say(self, text: str, *, who: str = "sre", where: str = "platform") -> End:
        self._deed(f"**@{who}** in #{where}: `{COMMAND} {text}`")
        end = await self.talk.say(text, who=who, where=where)
        await self._rest(end)
        return end

    async def press(self, end: End, button: str, label: str, *, who: str = "sre") -> End:
        self._deed(f"**@{who}** presses [{label}]")
        pressed = await self.talk.press(end, button, who=who)
        await self._rest(pressed)
        return pressed

    async def start(self, text: str) -> Callable[[], Awaitable[End]]:
        """Types, and leaves it to the story when to wait for the end."""
        self._deed(f"**@sre** in #platform: `{COMMAND} {text}`")
        started = await self.talk.start(text)

        async def end() -> End:
            ended = await started.end()
            await self._rest(ended)
            return ended

        return end

    def ref(self, kind: str, name: str) -> Ref:
        return Ref(kind, self.namespace, name)

    def finished(self) -> str:
        self._catch_up()
        return "\n".join(self.page)

    async def _rest(self, end: End) -> None:
        """The thread comes after the end; whispers and what was never sent to Flux may have none."""
        if end.message.only_for is None and "[Details]" in end.message.text:
            await self.talk.until(lambda state: state.thread_ts == end.message.ts and "now in " in state.text)

    def _deed(self, text: str) -> None:
        self._catch_up()
        self.page.append(f"{text}\n")

    def _catch_up(self) -> None:
        """Everything that was shown since the last time."""
        states = self.talk.history[self._written :]
        self._written = len(self.talk.history)
        self.page.extend(_block(state) for state in states)


Play = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    namespace: str
    play: Play
    settings: Mapping[str, Any] = field(default_factory=dict)


async def _commit(scene: Scene) -> None:
    repo, _ = await application(scene.api, scene.namespace, scene.sources, {"old.yaml": config_map("old")}, wait=True)
    scene.note("A commit adds a ConfigMap and removes another; Flux would look in an hour.")
    await repo.commit({"old.yaml": None, "new.yaml": config_map("new", colour="green")}, message="New instead of old")
    await scene.say("ks shop/app --with-source")


async def _unchanged(scene: Scene) -> None:
    repo, _ = await application(scene.api, scene.namespace, scene.sources)
    end = await scene.say("--resource kustomization --name app -n blog")
    scene.note("Somebody pushes.")
    await repo.commit({"settings.yaml": config_map(colour="green")}, message="Turn green")
    await scene.press(end, "with-source", "With source")
    await scene.press(end, "with-source", "With source", who="dev")


async def _broken(scene: Scene) -> None:
    repo, _ = await application(scene.api, scene.namespace, scene.sources, retryInterval="5m")
    scene.note("A commit names a file that it does not have.")
    await repo.commit({"kustomization.yaml": "resources: [missing.yaml]\n"}, message="Oops")
    end = await scene.say("ks billing/app --with-source")
    scene.note("The next commit mends it, and somebody else asks Flux to fetch. The ended request says so.")
    await repo.commit({"kustomization.yaml": "resources: [settings.yaml]\n"}, message="Mend")
    await scene.api.request(scene.ref("GitRepository", "app"), "somebody-else")
    await scene.talk.edited(end, lambda text: text.startswith("✅"))


async def _chart(scene: Scene) -> None:
    source = await release(scene.api, scene.namespace, scene.sources, nginx("1.0.0"))
    scene.note("Chart 1.1.0 is published.")
    await source.publish(nginx("1.1.0"))
    await scene.say("hr web/nginx --with-source")


async def _bad_chart(scene: Scene) -> None:
    good, bad = (nginx(version, immutable=True, colour=version) for version in ("1.0.0", "1.1.0"))
    source = await release(scene.api, scene.namespace, scene.sources, good)
    scene.note("Chart 1.1.0 changes an immutable ConfigMap, so it cannot be applied.")
    await source.publish(bad)
    await scene.say("hr cache/nginx --with-source")
    await scene.say("hr cache/nginx")


async def _source(scene: Scene) -> None:
    repo, _ = await application(scene.api, scene.namespace, scene.sources)
    scene.note("The Git server does not answer any more.")
    repo.fault(Down())
    end = await scene.say("ks mail/app --with-source")
    await scene.press(end, "as-is", "Reconcile what is there")


async def _dependency(scene: Scene) -> None:
    repo = await scene.sources.git("fleet")
    await repo.commit(
        {
            "frontend/settings.yaml": config_map("frontend"),
            "backend/settings.yaml": config_map("backend"),
            "database/kustomization.yaml": "resources: [missing.yaml]\n",
        }
    )
    await scene.api.create(git_repository(scene.namespace, "fleet", repo.url))
    for name, below in (("database", ()), ("backend", ("database",)), ("frontend", ("backend",))):
        on = [{"name": each} for each in below]
        spec = {"path": f"./{name}", "retryInterval": "5m", **({"dependsOn": on} if on else {})}
        await scene.api.create(kustomization(scene.namespace, name, "GitRepository/fleet", **spec))
    await scene.api.until(scene.ref("Kustomization", "database"), failed("BuildFailed"))
    await scene.api.until(scene.ref("Kustomization", "frontend"), failed("DependencyNotReady"))
    scene.note("frontend depends on backend, that on database, and database does not build.")
    await scene.say("ks orders/frontend")


async def _suspended(scene: Scene) -> None:
    await application(scene.api, scene.namespace, scene.sources)
    await scene.api.patch(scene.ref("Kustomization", "app"), {"spec": {"suspend": True}})
    await scene.say("ks monitoring/app")


async def _people(scene: Scene) -> None:
    await application(scene.api, scene.namespace, scene.sources)
    await scene.say("help")
    await scene.say("ks docs/app", who="dev")
    await scene.say("kustomisation docs/app")
    await scene.say("ks docs/ap")


async def _overtaken(scene: Scene) -> None:
    where = {"name": "settings", "namespace": scene.namespace, "annotations": {HEALTH: "ok"}}
    await scene.api.create({"kind": "ConfigMap", "metadata": where})
    await application(scene.api, scene.namespace, scene.sources, **watched_health())
    app, settings = scene.ref("Kustomization", "app"), Ref("ConfigMap", scene.namespace, "settings")
    await scene.api.annotate(settings, **{HEALTH: "busy"})
    await scene.api.request(app, "an-earlier-request")
    await scene.api.until(app, waiting)
    scene.note("An earlier run waits for health.")
    end = await scene.start("ks search/app")
    await scene.api.until(app, lambda obj: "an-earlier-request" not in str(obj["metadata"]["annotations"]))
    scene.note("Somebody else asks too, before Flux has looked at this request; then all becomes healthy.")
    await scene.api.request(app, "somebody-else")
    await scene.api.annotate(settings, **{HEALTH: "ok"})
    await end()


async def _standing_still(scene: Scene) -> None:
    await application(scene.api, scene.namespace, scene.sources)
    scene.note("kustomize-controller stands still. (Its patience is set to 5 s here; 30 s is the default.)")
    with scene.plane.paused("kustomize-controller"):
        end = await scene.start("ks media/app")
        await scene.talk.until(lambda state: "has not answered" in state.text)
        scene.note("It goes on.")
    await end()


_HASTY: Mapping[str, Any] = {"controller_patience": timedelta(seconds=5)}

STORIES = (
    Story("A pushed commit, fetched and applied", "shop", _commit),
    Story("Unchanged, then with source; a button works once and for whom the rules allow it", "blog", _unchanged),
    Story("A commit that does not build, and its healing", "billing", _broken),
    Story("A newer chart", "web", _chart),
    Story("A chart that cannot be applied", "cache", _bad_chart),
    Story("A source that fails while an older artifact is there", "mail", _source),
    Story("The root cause, two dependencies down", "orders", _dependency),
    Story("Suspended", "monitoring", _suspended),
    Story("Somebody else was faster", "search", _overtaken),
    Story(
        "A controller that does not answer", "media", _standing_still, {"controller_patience": timedelta(seconds=5)}
    ),
    Story("Help, a refusal, a wrong word, a wrong name", "docs", _people),
)


def _block(state: MessageState) -> str:
    marks = [f"#{state.channel_name}"]
    if state.only_for is not None:
        marks.append(f"only @{handle(state.only_for)} sees this")
    if state.thread_ts is not None:
        marks.append("in the thread")
    if state.edited:
        marks.append("edited")
    lines = "\n".join(f"    {line}".rstrip() for line in as_read(state.text).splitlines())
    return f"{', '.join(marks)}, at {state.at:.1f} s:\n\n{lines}\n"
