"""The routes of containers and of answers in the background."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.emulators import specs
from tests.emulators.openai_service.containers import Containers
from tests.emulators.openai_service.errors import ViolationError
from tests.emulators.openai_service.ledger import Ledger
from tests.emulators.openai_service.reading import read
from tests.emulators.openai_service.records import ChatCall, RecordedRequest
from tests.emulators.openai_service.runs import SESSION, Runs

ROUTES: tuple[tuple[str, str], ...] = (
    ("POST", "/containers"),
    ("GET", "/containers/{id}"),
    ("DELETE", "/containers/{id}"),
    ("POST", "/containers/{id}/files"),
    ("GET", "/containers/{id}/files"),
    ("GET", "/containers/{id}/files/{file}"),
    ("GET", "/containers/{id}/files/{file}/content"),
    ("GET", "/responses/{id}"),
    ("DELETE", "/responses/{id}"),
    ("POST", "/responses/{id}/cancel"),
)
_SCHEMAS = {
    "/containers": "CreateContainerBody",
    "/containers/{id}/files": "CreateContainerFileBody",
}


def is_background(call: ChatCall) -> bool:
    return bool(call.body.get("background"))


class CodeService:
    def __init__(self, ledger: Ledger, folder: Path | None) -> None:
        self.containers = Containers()
        self.runs = Runs(self.containers, ledger)
        self._ledger = ledger
        self._folder = folder

    async def read(self, request: web.Request, route: str) -> RecordedRequest:
        recorded = await read(request, route)
        schema = _SCHEMAS.get(route)
        if request.method == "POST" and schema and self._folder is not None:
            files = {file.field: file.filename for file in recorded.files}
            body = {**recorded.body, **files}
            problem = await asyncio.to_thread(specs.problem_with, schema, body, self._folder)
            if problem:
                raise ViolationError(problem, code="invalid_by_the_published_spec")
        return recorded

    def answer(
        self, request: web.Request, recorded: RecordedRequest, owner: str
    ) -> web.StreamResponse:
        if recorded.route.endswith("/content"):
            file = self.containers.find_file(*_names(request), owner)
            return web.Response(body=file.data, content_type="application/octet-stream")
        return web.json_response(self._tell(request, recorded, owner))

    def _tell(self, request: web.Request, recorded: RecordedRequest, owner: str) -> dict[str, Any]:
        named, file_id = _names(request)
        query = request.query
        told: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
            ("POST", "/containers"): lambda: self._open(recorded, owner),
            ("GET", "/containers/{id}"): lambda: self.containers.find(named, owner).told,
            ("DELETE", "/containers/{id}"): lambda: self.containers.delete(named, owner),
            ("POST", "/containers/{id}/files"): lambda: self.containers.upload(
                recorded, named, owner
            ),
            ("GET", "/containers/{id}/files"): lambda: self.containers.list_files(
                named, owner, int(query.get("limit", "20")), query.get("after", "")
            ),
            ("GET", "/containers/{id}/files/{file}"): lambda: (
                self.containers.find_file(named, file_id, owner).told
            ),
            ("GET", "/responses/{id}"): lambda: self.runs.look(
                named, owner, query.getall("include[]", [])
            ),
            ("DELETE", "/responses/{id}"): lambda: self.runs.delete(named, owner),
            ("POST", "/responses/{id}/cancel"): lambda: self.runs.cancel(named, owner),
        }
        return told[request.method, recorded.route]()

    def _open(self, recorded: RecordedRequest, owner: str) -> dict[str, Any]:
        made = self.containers.create(recorded, owner)
        self._ledger.bill(SESSION, {"sessions": 1})
        return made


def _names(request: web.Request) -> tuple[str, str]:
    return request.match_info.get("id", ""), request.match_info.get("file", "")
