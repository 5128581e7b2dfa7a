"""Files that were uploaded, each for the key that did it."""

import itertools
import time
from dataclasses import dataclass
from typing import Any

from tests.emulators.openai_service.errors import (
    ApiError,
    ViolationError,
    names,
    refuse_unless,
    require,
    require_choice,
)
from tests.emulators.openai_service.records import RecordedRequest

MAX_FILE_BYTES = 512 * 1024 * 1024
_PURPOSES = names("assistants batch fine-tune vision user_data evals")
_SOME_TIME = 1_795_000_000


@dataclass(frozen=True, slots=True)
class KeptFile:
    id: str
    owner: str
    """The key that uploaded it; to any other it is not there."""
    name: str
    purpose: str
    data: bytes

    @property
    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": _SOME_TIME,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


class Files:
    def __init__(self) -> None:
        self.all: dict[str, KeptFile] = {}
        self._numbers = itertools.count(1)

    def upload(self, request: RecordedRequest, owner: str) -> dict[str, Any]:
        require(request.body, "purpose")
        require_choice(request.body, "purpose", _PURPOSES)
        if [one.field for one in request.files] != ["file"]:
            raise ViolationError("Exactly one 'file' is expected.", param="file")
        [upload] = request.files
        refuse_unless(0 < len(upload.data) <= MAX_FILE_BYTES, "The file has no such size.", "file")
        file_id = f"file-{next(self._numbers):06d}{time.monotonic_ns():x}"
        purpose = str(request.body["purpose"])
        file = KeptFile(file_id, owner, upload.filename, purpose, upload.data)
        self.all[file.id] = file
        return file.told

    def find(self, file_id: str, owner: str) -> KeptFile:
        found = self.all.get(file_id)
        if found is None or found.owner != owner:
            raise ApiError(f"No such File object: {file_id}", status=404, param="id")
        return found

    def delete(self, file_id: str, owner: str) -> dict[str, Any]:
        self.find(file_id, owner)
        del self.all[file_id]
        return {"id": file_id, "object": "file", "deleted": True}
