"""Which rules a request is judged by: ours for its route, then the published spec."""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from tests.emulators import specs
from tests.emulators.openai_service import chats, pictures, sounds, vectors
from tests.emulators.openai_service.errors import ViolationError
from tests.emulators.openai_service.records import ChatCall, RecordedRequest
from tests.emulators.openai_service.replies import Making

Judged = ChatCall | Making
"""What a request that broke no rule asks for."""

_RULES: dict[str, tuple[str, Callable[[RecordedRequest], Judged]]] = {
    # route -> the spec's name for the body, the rules that no schema tells
    "/chat/completions": ("CreateChatCompletionRequest", chats.check_completions),
    "/responses": ("CreateResponse", chats.check_responses),
    "/audio/transcriptions": ("CreateTranscriptionRequest", sounds.check_transcription),
    "/audio/translations": ("CreateTranslationRequest", sounds.check_translation),
    "/audio/speech": ("CreateSpeechRequest", sounds.check_speech),
    "/images/generations": ("CreateImageRequest", pictures.check_generation),
    "/images/edits": ("CreateImageEditRequest", pictures.check_edit),
    "/images/variations": (
        "CreateImageVariationRequest",
        partial(pictures.check_variation, is_old=False),
    ),
    "/embeddings": ("CreateEmbeddingRequest", vectors.check_embeddings),
    "/moderations": ("CreateModerationRequest", vectors.check_moderation),
}
_OLD_RULES: dict[str, Callable[[RecordedRequest], Judged]] = {
    # for image models of the kind of dall-e-2
    "/images/generations": pictures.check_old_generation,
    "/images/edits": pictures.check_old_edit,
    "/images/variations": partial(pictures.check_variation, is_old=True),
}
ROUTES = frozenset(_RULES)
CHAT_ROUTES = frozenset({"/chat/completions", "/responses"})


def judge(
    request: RecordedRequest,
    specs_folder: Path | None,
    old_image_models: Collection[str] = (),
) -> Judged:
    """Raises ViolationError. Slow: it decodes pictures and sound."""
    schema, check = _RULES[request.route]
    if request.body.get("model") in old_image_models:
        check = _OLD_RULES.get(request.route, check)
    judged = check(request)
    if specs_folder is not None:
        files = {file.field.removesuffix("[]"): file.filename for file in request.files}
        problem = specs.problem_with(schema, {**request.body, **files}, specs_folder)
        if problem:
            raise ViolationError(problem, code="invalid_by_the_published_spec")
    return judged
