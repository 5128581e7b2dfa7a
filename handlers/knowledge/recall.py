"""/search: what was said in this chat, found again."""

import re
from datetime import UTC, datetime

from handlers.answers.conversation import author_name
from handlers.commands import is_number, wrong_arguments
from handlers.errors import NothingToDoError
from handlers.knowledge.finding import LESSONS_AFTER_SEARCH, Finding
from handlers.menus import in_rows
from handlers.messages import Button, Exchange, Origin
from handlers.ports.stores import FoundBefore, HistoryStore, Passage, Recalled, RecallStore
from handlers.texts import say
from handlers.turn import Turn

PAGE = 8
MAX_PAGE_CHARACTERS = 1_700
"""Of Markdown: the narrowest platform takes 2,000 in a message, with every link in full."""
PER_ROW = 4
MAX_SHOWN_NAME = 20
MAX_SHOWN = 1_000
"""Characters of a message that is shown again beside its original."""
MAX_WORDS = 300
_SPECIAL = re.compile(r"([\\`*_\]~|$])")


class Recall:
    def __init__(self, finding: Finding, store: RecallStore, history: HistoryStore) -> None:
        self._finding = finding
        self._store = store
        self._history = history

    async def search(self, turn: Turn) -> None:
        """/search words, and the buttons under what it found."""
        words = turn.message.text.strip()
        if turn.message.origin is Origin.BUTTON:
            await self._press(turn, words.split())
        elif not words or len(words) > MAX_WORDS:
            raise wrong_arguments("search")
        else:
            await self._search(turn, words)

    async def _search(self, turn: Turn, words: str) -> None:
        chat = turn.message.chat
        with turn.stoppable():
            found = await self._finding.find(chat, words, turn.spent)
        # What had no vector this time has one the next.
        turn.background(self._finding.learn(chat, LESSONS_AFTER_SEARCH))
        if not found:
            whole = await self._store.is_whole(chat)
            await turn.reply.line("search", say("search_none" if whole else "search_none_yet"))
            return
        await self._show_page(turn, await self._store.keep(chat, words, found), 0)

    async def _press(self, turn: Turn, words: list[str]) -> None:
        match words:
            case ["page", number, start] if is_number(number) and is_number(start):
                before = await self._store.kept(turn.message.chat, int(number))
                if before is None:
                    raise NothingToDoError("search_over")
                await self._show_page(turn, before, int(start))
            case ["show", number, part] if is_number(number):
                await self._show_original(turn, int(number), is_answer=part == "answer")
            case _:
                raise wrong_arguments("search")

    # ------------------------------------------------------------ pages

    async def _show_page(self, turn: Turn, search: FoundBefore, start: int) -> None:
        chat = turn.message.chat
        ids = search.found[start : start + PAGE]
        hits = await self._store.read(chat, ids, search.words)
        if not hits:
            raise NothingToDoError("search_over")
        lines = [say("search_found", words=escaped(search.words))]
        shows: list[Button] = []
        length = len(lines[0])
        for number, hit in enumerate(hits, start=start + 1):
            message_id = _message_of(turn, hit.exchange, is_answer=hit.passage.is_answer)
            link = turn.platform.message_link(chat, message_id) if message_id else ""
            line = _line(number, hit, link)
            if length + len(line) > MAX_PAGE_CHARACTERS and number > start + 1:
                break
            lines.append(line)
            length += len(line)
            if message_id and not link:
                part = "answer" if hit.passage.is_answer else "question"
                action = f"search show {hit.exchange.id} {part}"
                shows.append(Button(say("button_show", number=number), action))
        # Those that are gone count: the next page begins behind the last that is here.
        after = start + 1 + search.found[start:].index(hits[len(lines) - 2].exchange.id)
        rows = in_rows(shows, PER_ROW)
        if after < len(search.found):
            more = Button(say("button_more_found"), f"search page {search.id} {after}")
            rows = (*rows, (more,))
        notice = "" if start or await self._store.is_whole(chat) else say("search_partly")
        await turn.reply.finish("\n\n".join(lines), notice, rows)

    async def _show_original(self, turn: Turn, exchange_id: int, *, is_answer: bool) -> None:
        exchange = await self._history.find(turn.message.chat, exchange_id)
        if exchange is None:
            raise NothingToDoError("search_over")
        text = exchange.answer if is_answer else exchange.question
        await turn.reply.line(
            "shown",
            text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} …",
            reply_to=_message_of(turn, exchange, is_answer=is_answer),
        )


def _message_of(turn: Turn, exchange: Exchange, *, is_answer: bool) -> str:
    """The message that holds it, or begins to; the answer where a question may be none."""
    asked, answered = exchange.question_message_ids[:1], exchange.answer_message_ids[:1]
    if is_answer or not turn.platform.asks_by_messages:
        return "".join(answered or asked)
    return "".join(asked or answered)


def _line(number: int, hit: Recalled, link: str) -> str:
    day = datetime.fromtimestamp(hit.answered_at, UTC).strftime("%Y-%m-%d")
    when = f"[{day}]({link})" if link else day
    return say("search_hit", number=number, when=when, who=_who(hit), said=_bold(hit.passage))


def _who(hit: Recalled) -> str:
    if hit.passage.is_answer:
        return say("search_me")
    if not hit.exchange.author:
        return say("search_you")
    return escaped(author_name(hit.exchange.author)[:MAX_SHOWN_NAME])


def _bold(passage: Passage) -> str:
    """As Markdown, with what was searched for in bold, and nothing else that is marked."""
    pieces: list[str] = []
    place = 0
    for start, end in passage.marks:
        pieces.append(escaped(passage.text[place:start]))
        hit = escaped(passage.text[start:end])
        # Markdown takes no bold that begins or ends with a sign.
        is_plain = hit[:1].isalnum() and hit[-1:].isalnum()
        pieces.append(f"**{hit}**" if is_plain else hit)
        place = end
    pieces.append(escaped(passage.text[place:]))
    return "".join(pieces)


def escaped(text: str) -> str:
    """Text as Markdown that shows it as it is."""
    return _SPECIAL.sub(r"\\\1", text)
