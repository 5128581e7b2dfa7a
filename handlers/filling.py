"""What helps a person fill in a command: completions while typing, what a form shows at first."""

from collections.abc import Callable, Mapping, Sequence

from handlers.command import Completes
from handlers.messages import ChatKey
from handlers.ports.models import Catalogue
from handlers.ports.stores import SettingsStore

MAX_COMPLETIONS = 25
"""More than anybody reads, and what the narrowest platform takes."""


class Filling:
    def __init__(
        self,
        catalogue: Catalogue,
        settings: SettingsStore,
        tools: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """``tools`` tells the names of those there are."""
        self._catalogue = catalogue
        self._settings = settings
        self._tools = tools

    async def complete(
        self, chat: ChatKey, source: Completes, typed: str, filled: Mapping[str, str]
    ) -> tuple[str, ...]:
        """What could be meant by ``typed``, what begins with it first.

        ``filled``: the other options so far, by name.
        """
        typed = typed.strip()
        known = await self._known(chat, source, filled)
        lowered = typed.lower()
        found = [word for word in known if word.lower().startswith(lowered)]
        found += [word for word in known if lowered in word.lower()]
        found = list(dict.fromkeys(found))[:MAX_COMPLETIONS]
        if typed and source is Completes.MODELS and typed not in found:
            found = [*found[: MAX_COMPLETIONS - 1], typed]  # any model works, listed or not
        return tuple(found)

    async def _known(
        self, chat: ChatKey, source: Completes, filled: Mapping[str, str]
    ) -> Sequence[str]:
        catalogue = self._catalogue
        match source:
            case Completes.VOICES:
                return catalogue.voices
            case Completes.TOOLS:
                return (*self._tools(), "all")
            case Completes.MODELS:
                return (catalogue.chat_model, *catalogue.chat_models, "default")
            case Completes.EFFORTS:
                model = filled.get("name", "").strip() or (await self._settings.load(chat)).model
                if model in ("", "default"):
                    model = catalogue.chat_model
                return (*catalogue.efforts(model), "default")
        return ()

    async def current(self, chat: ChatKey, command: str) -> str:
        """What the form of a command shows before anything is typed."""
        return (await self._settings.load(chat)).persona if command == "persona" else ""
