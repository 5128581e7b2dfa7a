"""Ways in which the service can be asked for the same thing, tried until one of them lives."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

import structlog

from handlers.errors import ModelMissingError, RouteMissingError

log = structlog.get_logger(__name__)

R = TypeVar("R")
T = TypeVar("T")
Today = Callable[[], date]

AUTO = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class Route(Generic[R]):
    name: str
    """As the configuration names it. Several may have one: other models at the same endpoint."""
    model: str
    serve: R
    """What asks the service in this way."""
    is_auto: bool = True
    """False: taken only where the operator names it."""
    note: str = ""
    """What an operator should know of it, in a few words."""


@dataclass(frozen=True, slots=True)
class Picked:
    name: str
    model: str
    until: date | None
    """From this day the server has the model no more; None if no day is known."""
    note: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(filter(None, (self.model, self.note)))})"


class Routes(Generic[R]):
    """The routes of one capability, the best first; remembers for the process which are gone.

    A route is left for the next one when the server lacks it or its model, and the next one serves.
    Where none does, none is given up: all are asked again the next time, so that a server that was
    being restarted, or to which a model was added, is found without a restart of ours. What is past
    its day is tried after all others.
    """

    def __init__(
        self,
        capability: str,
        routes: Iterable[Route[R]],
        *,
        chosen: str,
        ends: Callable[[str], date | None],
        today: Today,
        key: str = "",
    ) -> None:
        """``chosen``: ``auto`` or a route's name, as it stands at ``key`` (else the capability)
        below ``openai.routes``. ``ends``: the day on which the server in use loses a model, if it
        is known.
        """
        self.capability = capability
        self.key = key or capability
        self._all = tuple(routes)
        self.chosen = chosen
        self._ends = ends
        self._today = today
        self._gone: set[Route[R]] = set()

    @property
    def candidates(self) -> tuple[Route[R], ...]:
        """All that may ever be taken; what is accepted of people must suit each of them."""
        if self.chosen == AUTO:
            return tuple(route for route in self._all if route.is_auto)
        return tuple(route for route in self._all if route.name == self.chosen)

    @property
    def ranking(self) -> tuple[Picked, ...]:
        """What is taken now, and what would be taken after it, in order; may be empty."""
        return tuple(self._describe(route) for route in self._rank())

    @property
    def picked(self) -> Picked | None:
        return next(iter(self.ranking), None)

    async def use(self, call: Callable[[R], Awaitable[T]]) -> T:
        """What the call gives on the first route that is there.

        The call may be made once for each route, so it must not keep anything of one that failed.
        RouteMissingError if no route is left. It leaves a route at any ModelMissingError: a model
        that a person chose, and not the operator, must be asked for outside of ``use``. All other
        errors are passed on as they are.
        """
        missing: dict[Route[R], str] = {}
        # What was left may be back by the time that all others are missing.
        for route in (*self._rank(), *self._rank(are_gone=True)):
            try:
                answer = await call(route.serve)
            except ModelMissingError as exc:
                missing[route] = str(exc)
                failure = exc
            else:
                self._leave(missing, route)
                return answer
        if not missing:
            raise RouteMissingError(self._explain("there is no such route here"), model="")
        self._gone.clear()
        last = RouteMissingError(self._explain(str(failure)), model=route.model)
        last.usage = failure.usage
        raise last from failure

    def _leave(self, missing: Mapping[Route[R], str], successor: Route[R]) -> None:
        """Another call may have been quicker: what was left is told once."""
        self._gone.discard(successor)
        for route in missing.keys() - self._gone:
            self._gone.add(route)
            log.warning(
                "route_gone",
                capability=self.capability,
                reason=missing[route],
                to=str(self._describe(successor)),
                **{"from": str(self._describe(route))},
            )

    def _rank(self, *, are_gone: bool = False) -> Sequence[Route[R]]:
        today = self._today()
        left = [route for route in self.candidates if (route in self._gone) is are_gone]
        return sorted(left, key=lambda route: _is_over(self._ends(route.model), today))

    def _describe(self, route: Route[R]) -> Picked:
        return Picked(route.name, route.model, self._ends(route.model), route.note)

    def _explain(self, reason: str) -> str:
        if self.chosen == AUTO:
            return reason
        return (
            f"{reason}; openai.routes.{self.key} is {self.chosen}, so no other was tried: "
            f"{AUTO} would"
        )


def _is_over(end: date | None, today: date) -> bool:
    return end is not None and end <= today
