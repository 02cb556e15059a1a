"""What can happen in a schedule. `at` is seconds of virtual time since the world came to rest."""

from dataclasses import dataclass
from enum import Enum

from tests.soak.evidence import Json
from tests.soak.troubles import Break, Which


@dataclass(frozen=True, slots=True)
class Ask:
    """A person types a reconcile. `targets` are keys of objects."""

    at: float
    targets: tuple[str, ...]
    with_source: bool = False
    force: bool = False
    reset: bool = False
    timeout: str = ""


@dataclass(frozen=True, slots=True)
class AskAll:
    """A person types a reconcile of whatever fits."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """A person presses the newest button of a sort (bot.core.offers.Press), if one stands."""

    at: float
    button: str


class News(Enum):
    """What may be new in a source."""

    GOOD = "good"
    UNBUILDABLE = "does not build"
    REJECTED = "cannot be applied"
    UNHEALTHY = "never becomes healthy"


@dataclass(frozen=True, slots=True)
class Push:
    """A commit, a tag or a chart; the source finds it when it next looks."""

    at: float
    source: str
    news: News


@dataclass(frozen=True, slots=True)
class Credentials:
    """The source's credentials stop working, or work again."""

    at: float
    source: str
    work: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody changes a spec."""

    at: float
    key: str
    patch: Json


@dataclass(frozen=True, slots=True)
class Delete:
    at: float
    key: str


@dataclass(frozen=True, slots=True)
class Create:
    """An object of the world's own is put back as it was at first."""

    at: float
    key: str


@dataclass(frozen=True, slots=True)
class Overwrite:
    """Somebody else asks for a run."""

    at: float
    key: str
    as_receiver: bool
    """In Go's time text, as Flux's receivers do."""


@dataclass(frozen=True, slots=True)
class Restart:
    """A controller dies and comes back; while `away` it is down."""

    at: float
    controller: str
    away: float


@dataclass(frozen=True, slots=True)
class Freeze:
    """A controller hears of nothing new for so many seconds."""

    at: float
    controller: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CutBot:
    """The bot's watches are lost."""

    at: float
    how: str


@dataclass(frozen=True, slots=True)
class CutControllers:
    """The controllers' watches are lost."""

    at: float
    how: str


@dataclass(frozen=True, slots=True)
class Forget:
    """The API server forgets all history, and the bot's watches are lost: they must list anew."""

    at: float


@dataclass(frozen=True, slots=True)
class Fail:
    """The bot's calls fail for a while."""

    at: float
    which: Which
    what: Break
    seconds: float
    times: int


Act = (
    Ask
    | AskAll
    | Press
    | Push
    | Credentials
    | Edit
    | Delete
    | Create
    | Overwrite
    | Restart
    | Freeze
    | CutBot
    | CutControllers
    | Forget
    | Fail
)
