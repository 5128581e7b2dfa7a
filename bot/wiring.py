"""The handlers of a bot, each given what it needs: which command is answered by what."""

from collections.abc import Mapping

from bot.config import Config
from bot.openai.service import OpenAIService
from bot.openai.tokens import estimate_tokens
from bot.tools import OutsideTools, limits, own_tools, toolbox
from handlers.access import Access
from handlers.answers.answering import Answering
from handlers.answers.chat import Chat
from handlers.answers.conversation import Conversation, Defaults
from handlers.answers.memory import Memory
from handlers.answers.questions import Questions
from handlers.answers.steps import Steps
from handlers.answers.tool_choice import ToolChoice
from handlers.code.analysis import Analysis
from handlers.code.code_results import CodeResults
from handlers.code.code_watch import CodeWatch
from handlers.code.forgotten_runs import ForgottenRuns
from handlers.code.workbench import Workbench
from handlers.dispatch import Handler, Routes
from handlers.exact.reproducing import Reproducing
from handlers.exact.saved_schemas import SavedSchemas
from handlers.exact.schema_checks import SchemaChecks
from handlers.exact.schemas import Schemas
from handlers.exact.structured import Structured
from handlers.knowledge.documents import Documents
from handlers.knowledge.facts import Facts
from handlers.knowledge.finding import Finding
from handlers.knowledge.hosted_documents import HostedDocuments
from handlers.knowledge.kept_documents import KeptDocuments
from handlers.knowledge.learning import Learning
from handlers.knowledge.memories import Memories
from handlers.knowledge.reading import Reading
from handlers.knowledge.recall import Recall
from handlers.knowledge.retrieval import Retrieval
from handlers.knowledge.shelf import Shelf
from handlers.media.documents.studio import DocumentStudio
from handlers.media.photos import PhotoStudio
from handlers.media.sounds import SoundStudio
from handlers.media.videos import VideoStudio
from handlers.messages import VoiceMode
from handlers.people.assistants import Assistants
from handlers.people.reminders import Reminders
from handlers.people.settings import Settings
from handlers.people.usage import UsageReport
from handlers.pictures.gallery import Gallery
from handlers.pictures.image_edits import ImageEdits
from handlers.pictures.images import Images
from handlers.pictures.picture_sources import PictureSources
from handlers.pictures.vision import Vision
from handlers.pictures.watching import Watching
from handlers.ports.machine import Clock, Meter
from handlers.sounds.hearing import Hearing
from handlers.sounds.saying import Saying
from handlers.sounds.speaking import Speaking
from handlers.sounds.speech_settings import SpeechSettings
from handlers.sounds.transcription import Transcription, VoiceNotes
from handlers.sounds.translation import Translation
from handlers.tools.history import SearchHistory
from handlers.tools.remember import Remember
from handlers.tools.running import ToolRunner
from storage.stores import Stores

Commands = Mapping[str, Handler]


class Wiring:
    """What several handlers share is an attribute; each method gives some of the commands."""

    def __init__(
        self,
        config: Config,
        service: OpenAIService,
        stores: Stores,
        clock: Clock,
        meter: Meter,
        access: Access,
        *,
        outside: OutsideTools,
        hosted: HostedDocuments,
    ) -> None:
        self._config = config
        self._service = service
        self._stores = stores
        self._clock = clock
        self._access = access
        self.sounds, self.photos = SoundStudio(), PhotoStudio()
        self._defaults = Defaults(
            model=service.catalogue.chat_model,
            persona=config.chat.persona,
            detail=config.chat.detail,
            language=config.chat.language,
            voice_mode=VoiceMode(config.chat.voice),
            budget_tokens=config.history.max_tokens,
        )
        self._vision = Vision(self.photos, stores.media)
        self._gallery = Gallery(stores.media, stores.history, self.photos)
        self._hearing = Hearing(service.transcriber, service.translator, self.sounds)
        self._speaking = Speaking(service.synthesizer, self.sounds)
        self._facts = Facts(stores.memories)
        by_meaning = service.embedder if config.history.search_by_meaning else None
        self._finding = Finding(stores.recall, by_meaning)
        self._conversation = Conversation(
            self._vision, self._defaults, estimate_tokens, self._facts.of
        )
        self._memory = Memory(service.chat, stores.history)
        self.forgotten_runs = ForgottenRuns(service.code, stores.runs, clock)
        self._shelf = Shelf(DocumentStudio(), stores.documents)
        self._retrieval = Retrieval(stores.documents, service.embedder, hosted)
        self._learning = Learning(self._shelf, stores.documents, self._retrieval)
        self._questions = self._open_questions()
        self._schemas, self._checks = SavedSchemas(stores.schemas), SchemaChecks()
        self.toolbox = toolbox(
            config.tools,
            access,
            (
                *own_tools(clock, service.images, self._gallery),
                SearchHistory(self._finding),
                Remember(self._facts),
                *outside.tools,
            ),
            outside.sources,
        )
        self._chat = Chat(
            answering=Answering(
                model=service.chat,
                conversation=self._conversation,
                toolbox=self.toolbox,
                runner=ToolRunner(self.toolbox, limits(config.tools)),
                clock=clock,
                meter=meter,
            ),
            history=stores.history,
            conversation=self._conversation,
            memory=self._memory,
            questions=self._questions,
            speak=self._speaking.speak,
            gallery=self._gallery,
            clock=clock,
        )
        self._assistants = Assistants(
            stores.assistants,
            stores.settings,
            self._learning,
            access.is_owner,
            lambda: self.toolbox.names,
        )

    def routes(self) -> Routes:
        """What every message and command is answered by; what was said is found afterwards."""
        transcription, translation = self._writing_down()
        voice_notes = VoiceNotes(self._chat.answer, transcription.write_down, translation.translate)
        answered = {
            **self._talking(),
            **self._answered_in_their_own_way(),
        }
        as_chosen = self._assistants.answering_as_chosen
        commands = {
            **{name: as_chosen(handler) for name, handler in answered.items()},
            **self._pictures(),
            "transcribe": transcription.transcribe,
            "translate": translation.translate,
            **self._knowing(),
            **self._choosing(),
        }
        learned = {name: self._finding.then_learn(one) for name, one in commands.items()}
        message = self._finding.then_learn(as_chosen(voice_notes.answer))
        return Routes(message, learned, self._chat.deliver)

    # ------------------------------------------------------------ answered by the model

    def _talking(self) -> Commands:
        return {
            "ask": self._chat.ask,
            "describe": self._chat.describe,
            "continue": self._chat.go_on,
        }

    def _answered_in_their_own_way(self) -> Commands:
        """And made again in that way too."""
        analysis = self._analysis()
        structured = Structured(
            model=self._service.chat,
            history=self._stores.history,
            conversation=self._conversation,
            memory=self._memory,
            questions=self._questions,
            schemas=self._schemas,
            checks=self._checks,
        )
        reproducing = self._reproducing()
        return {
            "json": structured.json,
            "analyze": analysis.analyze,
            "retry": structured.retrying(analysis.retrying(self._chat.retry)),
            "compare": reproducing.compare,
        }

    def _reproducing(self) -> Reproducing:
        return Reproducing(
            model=self._service.chat,
            store=self._stores.settings,
            conversation=self._conversation,
            questions=self._questions,
        )

    def _analysis(self) -> Analysis:
        section = self._config.analysis
        return Analysis(
            workbench=Workbench(self._service.code, self._stores.containers),
            watch=CodeWatch(
                self._service.code, self.forgotten_runs, self._clock, section.timeout_s
            ),
            results=CodeResults(self._service.code, self._stores.media, self.photos),
            history=self._stores.history,
            conversation=self._conversation,
            memory=self._memory,
            deliver=self._chat.deliver,
            model=section.model,
            is_enabled=section.enabled,
        )

    # ------------------------------------------------------------ pictures and sound

    def _pictures(self) -> Commands:
        images = Images(self._service.images, self._gallery)
        sources = PictureSources(self._gallery, self.photos, self._stores.media)
        edits = ImageEdits(self._service.images, self._gallery, sources)
        return {
            "image": images.make,
            "again": images.again,
            "fullsize": images.full_size,
            "edit": edits.edit,
            "variation": edits.variation,
        }

    def _writing_down(self) -> tuple[Transcription, Translation]:
        hearing = self._hearing
        transcription = Transcription(hearing.hear, hearing.hear_with_times)
        translation = Translation(
            self._service.chat,
            self._defaults.model,
            hearing.hear,
            hearing.hear_in_english,
            self.photos,
        )
        return transcription, translation

    # ------------------------------------------------------------ what is known

    def _open_questions(self) -> Questions:
        budget_tokens = self._defaults.budget_tokens
        kept = KeptDocuments(
            self._stores.documents,
            self._retrieval,
            self._stores.history,
            estimate_tokens,
            budget_tokens=budget_tokens,
            min_similarity=self._config.documents.min_similarity,
        )
        reading = Reading(
            shelf=self._shelf,
            store=self._stores.documents,
            retrieval=self._retrieval,
            vision=self._vision,
            kept=kept,
            clock=self._clock,
            budget_tokens=budget_tokens,
            count=estimate_tokens,
        )
        watching = Watching(self._vision, VideoStudio(), self._hearing.hear, budget_tokens)
        return Questions(watching, self._hearing.hear_spoken, reading)

    def _knowing(self) -> Commands:
        stores = self._stores
        documents = Documents(self._learning, stores.documents, self._access.is_owner)
        memories = Memories(self._facts)
        reminders = Reminders(stores.reminders, stores.people)
        return {
            "learn": documents.learn,
            "files": documents.files,
            "steps": Steps(stores.history).steps,
            "search": Recall(self._finding, stores.recall, stores.history).search,
            "remember": memories.remember,
            "memories": memories.memories,
            "reminders": reminders.show,
            "reminder": reminders.remind,
            "timezone": reminders.timezone,
            "usage": UsageReport(stores.usage, self._clock).show,
        }

    # ------------------------------------------------------------ what people choose

    def _choosing(self) -> Commands:
        stores, catalogue = self._stores, self._service.catalogue
        settings = Settings(stores.settings, stores.history, catalogue, self._defaults)
        reproducing = self._reproducing()
        return {
            "start": settings.start,
            "help": settings.help,
            "new": settings.new,
            "model": settings.model,
            "persona": settings.persona,
            "detail": settings.detail,
            "settings": settings.settings,
            "voice": SpeechSettings(stores.settings, catalogue, self._defaults).voice,
            "say": Saying(self._speaking.read_aloud, catalogue.voices).say,
            "tools": ToolChoice(self.toolbox, stores.settings).tools,
            "assistant": self._assistants.assistant,
            "schema": Schemas(self._schemas, self._checks).schema,
            "seed": reproducing.seed,
            "footer": reproducing.footer,
        }
