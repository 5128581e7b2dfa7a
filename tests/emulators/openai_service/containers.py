"""Containers and the files in them. Nothing is run in them: what code makes is put there."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.openai_service.errors import (
    ApiError,
    ViolationError,
    refuse_unknown,
    refuse_unless,
    require,
)
from tests.emulators.openai_service.records import RecordedRequest

MAX_FILE_BYTES = 512 * 1024 * 1024
_KEYS = frozenset({"name", "file_ids", "expires_after", "memory_limit", "network_policy", "skills"})
_SOME_TIME = 1_795_000_000


@dataclass
class ContainerFile:
    id: str
    container: str
    name: str
    data: bytes
    source: str
    """``user`` or ``assistant``."""

    @property
    def path(self) -> str:
        """As the service does it: what is uploaded has something before its name."""
        prefix = f"{self.id[-8:]}-" if self.source == "user" else ""
        return f"/mnt/data/{prefix}{self.name}"

    @property
    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "container.file",
            "created_at": _SOME_TIME,
            "bytes": len(self.data),
            "container_id": self.container,
            "path": self.path,
            "source": self.source,
        }


@dataclass
class Container:
    id: str
    name: str
    owner: str
    """The key that opened it; to any other it is not there."""
    files: dict[str, ContainerFile] = field(default_factory=dict)
    is_expired: bool = False

    @property
    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "container",
            "created_at": _SOME_TIME,
            "last_active_at": _SOME_TIME,
            "expires_after": {"anchor": "last_active_at", "minutes": 20},
            "memory_limit": "1g",
            "name": self.name,
            "status": "expired" if self.is_expired else "running",
        }


class Containers:
    def __init__(self) -> None:
        self.all: dict[str, Container] = {}
        self._numbers = itertools.count(1)

    def expire(self) -> None:
        """As after 20 idle minutes: all that are open are over."""
        for container in self.all.values():
            container.is_expired = True

    def create(self, request: RecordedRequest, owner: str) -> dict[str, Any]:
        refuse_unknown(request.body, _KEYS)
        require(request.body, "name")
        made = Container(self._id("cntr"), str(request.body["name"]), owner)
        self.all[made.id] = made
        return made.told

    def find(self, container_id: str, owner: str) -> Container:
        """Also one that has expired, which can only be looked at."""
        found = self.all.get(container_id)
        if found is None or found.owner != owner:
            raise ApiError(
                f"Container with id '{container_id}' not found.",
                status=404,
                code="container_not_found",
            )
        return found

    def find_alive(self, container_id: str, owner: str) -> Container:
        found = self.find(container_id, owner)
        if found.is_expired:
            raise ApiError("Container is expired.", status=400, code="container_expired")
        return found

    def delete(self, container_id: str, owner: str) -> dict[str, Any]:
        self.find(container_id, owner)
        del self.all[container_id]
        return {"id": container_id, "object": "container.deleted", "deleted": True}

    def upload(self, request: RecordedRequest, container_id: str, owner: str) -> dict[str, Any]:
        refuse_unknown(request.body, frozenset({"file_id"}))
        container = self.find(container_id, owner)
        if container.is_expired:
            raise ApiError("Container not found: it has expired.", status=404)
        files = [one for one in request.files if one.field == "file"]
        if len(files) != 1 or len(request.files) != 1:
            raise ViolationError("Exactly one 'file' is expected.", param="file")
        refuse_unless(len(files[0].data) <= MAX_FILE_BYTES, "The file is too large.", "file")
        return self.put(container, files[0].filename, files[0].data, "user").told

    def put(self, container: Container, name: str, data: bytes, source: str) -> ContainerFile:
        file = ContainerFile(self._id("cfile"), container.id, name, data, source)
        container.files[file.id] = file
        return file

    def list_files(self, container_id: str, owner: str, limit: int, after: str) -> dict[str, Any]:
        files = list(self.find_alive(container_id, owner).files.values())
        ids = [one.id for one in files]
        first = ids.index(after) + 1 if after in ids else 0
        page = files[first : first + limit]
        return {
            "object": "list",
            "data": [one.told for one in page],
            "first_id": page[0].id if page else "",
            "last_id": page[-1].id if page else "",
            "has_more": first + limit < len(files),
        }

    def find_file(self, container_id: str, file_id: str, owner: str) -> ContainerFile:
        container = self.find(container_id, owner)
        file = container.files.get(file_id)
        if container.is_expired or file is None:
            raise ApiError(f"File '{file_id}' not found.", status=404)
        return file

    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):08d}{time.monotonic_ns():x}"
