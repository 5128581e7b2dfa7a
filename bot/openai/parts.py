"""What both dialects write alike: text and pictures as they go into a body."""

import base64

from handlers.ports.chat import ChatRequest, PicturePart


def write_text(text: str) -> str:
    """The text itself, but for halves of a character, which no body can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def locate_picture(part: PicturePart) -> str:
    """Its address, or the picture itself as a data URL."""
    if part.url:
        return part.url
    return f"data:{part.mime};base64,{base64.b64encode(part.data).decode('ascii')}"


def write_asker(request: ChatRequest) -> dict[str, str]:
    """Who asks, in which chat. For OpenAI itself: other servers may refuse what they don't know."""
    named = {"safety_identifier": request.person, "prompt_cache_key": request.cache_key}
    return {name: value for name, value in named.items() if value}
