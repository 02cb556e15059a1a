"""The HTTP side of a workspace: three routes, nothing else."""

from aiohttp import web

from bot.demo.slack.links import PATH
from bot.demo.slack.methods.web_api import WebApi
from bot.demo.slack.replies import Replies
from bot.demo.slack.site import Site


def build_app(site: Site, replies: Replies) -> web.Application:
    """The Web API under /api/, Socket Mode under /link/, response URLs under /actions/."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    web_api = WebApi(site)
    app.router.add_route("*", "/api/{method}", web_api.serve)
    app.router.add_get(PATH, site.links.serve)
    app.router.add_post("/actions/{team}/{token}", replies.serve)
    return app
