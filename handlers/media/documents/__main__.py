"""The process that reads one file: ``python -m handlers.media.documents read 10000 60 PATH NAME``.

Its bounds are bytes of memory and seconds of the processor. It writes one line of
JSON for the document and one for each part of it, or one that names a fault.
"""

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handlers.media.documents import pdf
from handlers.media.documents.extraction import extract
from handlers.media.documents.values import DocumentFault, Fault


def main(arguments: list[str]) -> None:
    verb, memory_bytes, cpu_s, path, *rest = arguments
    _bound(int(memory_bytes), int(cpu_s))
    data = Path(path).read_bytes()
    try:
        for line in _read(data, *rest) if verb == "read" else _draw(data, Path(path), *rest):
            _write(line)
    except DocumentFault as failure:
        _write({"fault": failure.fault, "detail": str(failure)})
    except (MemoryError, RecursionError) as exc:
        _write({"fault": Fault.TOO_LARGE, "detail": type(exc).__name__})


def _read(data: bytes, name: str) -> Iterator[dict[str, Any]]:
    document = extract(data, name)
    told = dataclasses.replace(document, sections=(), passages=())
    yield {"document": dataclasses.asdict(told)}
    for section in document.sections:
        yield {"section": dataclasses.asdict(section)}
    for passage in document.passages:
        yield {"passage": dataclasses.asdict(passage)}


def _draw(data: bytes, path: Path, side: str, *pages: str) -> Iterator[dict[str, Any]]:
    """Pictures are left beside the file, named by their pages."""
    for number, jpeg in pdf.draw(data, [int(page) for page in pages], int(side)):
        path.with_name(f"{number}.jpg").write_bytes(jpeg)
        yield {"page": number}


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False))
    sys.stdout.write("\n")


def _bound(memory_bytes: int, cpu_s: int) -> None:
    try:
        import resource  # noqa: PLC0415  # not on Windows, where only the studio's clock bounds it
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # It writes pictures of pages, and nothing that is large.
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024 * 1024, 64 * 1024 * 1024))


if __name__ == "__main__":
    main(sys.argv[1:])
