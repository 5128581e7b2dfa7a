"""A server of tools, made with the official SDK: by its standard streams, or over HTTP.

``python -m tests.emulators.mcp_server [port]``
"""

import io
import os
import sys

from mcp.server.mcpserver import Image, MCPServer
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from PIL import Image as Pixels

server = MCPServer("odd")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def echo(words: str, times: int = 1) -> str:
    """Say the words again."""
    return " ".join([words] * times)


@server.tool()
def environment() -> str:
    """The names of the variables that the server sees."""
    return " ".join(sorted(os.environ))


@server.tool()
def large(size: int) -> CallToolResult:
    """As many characters."""
    return CallToolResult(content=[TextContent(text="x" * size)])


@server.tool()
def picture() -> Image:
    """A red square."""
    out = io.BytesIO()
    Pixels.new("RGB", (32, 32), "red").save(out, "PNG")
    return Image(data=out.getvalue(), format="png")


@server.tool()
def fail() -> str:
    """Fails."""
    raise ValueError("it was told to fail")


def main() -> None:
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")


if __name__ == "__main__":
    main()
