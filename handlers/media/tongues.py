"""In which language a text is written, as far as a few words around code must match it."""

import re
from collections import Counter

_KANA, _HAN = re.compile("[\u3040-\u30ff]"), re.compile("[\u4e00-\u9fff]")
_CYRILLIC, _UKRAINIAN = re.compile("[\u0400-\u04ff]"), re.compile("[іїєґІЇЄҐ]")
_SCRIPTS = {
    "ko": re.compile("[\uac00-\ud7af]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
}
_SHARE = 0.3
"""Of the letters in a script that make the text one of its languages: names of things in English
stand in texts of all languages, and a Chinese name may stand in an English one."""
_COMMON = {
    "de": "der die das und ist nicht ein eine mit für auf den dem zu sich auch wird sie wie oder",
    "en": "the and is of to in that it for you with this are be on not or as can your",
    "es": "el la los las que y en un una para con por es no se del como su más pero",
    "fr": "le la les des et est une pour dans que qui pas vous sur avec ce il au plus du",
    "it": "il lo la gli che di e un una per con non è sono della del nel più come si",
    "nl": "de het een en is van niet dat op te voor met zijn je in aan ook als maar er",
    "pl": "i w na nie jest się to z do że jak dla po o ale przez jego są tak który",
    "pt": "o os as que e de um uma para com não por é mais do da em se como você",
    "tr": "ve bir bu için ile da de çok daha ne gibi var olan olarak kadar ama en mi sonra her",
}
_LANGUAGES: dict[str, tuple[str, ...]] = {}
for _tag, _line in _COMMON.items():
    for _word in _line.split():
        _LANGUAGES[_word] = (*_LANGUAGES.get(_word, ()), _tag)
_FEWEST = 2
_WORD = re.compile(r"[^\W\d_]+")
_LETTER = re.compile(r"[^\W\d_]")
_LOOKED_AT = 4_000
"""Characters: enough to be sure, and done in a millisecond."""


def tongue_of(text: str, otherwise: str = "en") -> str:
    """The tag of a language of ten with many speakers, or of six scripts; else ``otherwise``."""
    text = text[:_LOOKED_AT]
    enough = max(1.0, len(_LETTER.findall(text)) * _SHARE)
    kana, han = len(_KANA.findall(text)), len(_HAN.findall(text))
    if kana + han >= enough:
        return "ja" if kana * 10 > han else "zh"
    if len(_CYRILLIC.findall(text)) >= enough:
        return "uk" if _UKRAINIAN.search(text) else "ru"
    for tag, script in _SCRIPTS.items():
        if len(script.findall(text)) >= enough:
            return tag
    return _voted(text.lower()) or otherwise


def _voted(text: str) -> str:
    """By the words that are in every text; empty if two languages have as many, or few."""
    words = [(word, tag) for word in _WORD.findall(text) for tag in _LANGUAGES.get(word, ())]
    # A letter may be a variable or a point of a list: it tells only beside a word.
    known = {tag for word, tag in words if len(word) > 1}
    votes = Counter(tag for _, tag in words if tag in known)
    (first, most), (_, second) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= _FEWEST and most > second else ""
