"""Languages as people name them in a command line."""

import re

ENGLISH = "English"
_MAX_CHARACTERS = 40
_MAX_WORDS = 4
_TO = re.compile(r"to\s+(?=\S)", re.IGNORECASE)
_LIKE_A_LANGUAGE = re.compile(r"[^\W\d_][\w'’()-]*(?: [\w'’()-]+)*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KNOWN = _words(
    """
    afrikaans albanian amharic arabic armenian azerbaijani basque belarusian bengali bosnian
    bulgarian burmese catalan chinese croatian czech danish dutch english esperanto estonian
    filipino finnish french galician georgian german greek gujarati hausa hebrew hindi hungarian
    icelandic indonesian irish italian japanese javanese kannada kazakh khmer korean kurdish latin
    latvian lithuanian macedonian malay malayalam maltese mandarin marathi mongolian nepali
    norwegian pashto persian polish portuguese punjabi romanian russian sanskrit serbian slovak
    slovenian somali spanish swahili swedish tagalog tamil telugu thai tibetan turkish ukrainian
    urdu uzbek vietnamese welsh yiddish yoruba zulu
    deutsch français español português italiano русский українська polski türkçe svenska suomi
    dansk norsk nederlands magyar čeština ελληνικά עברית العربية فارسی हिन्दी 中文 日本語 한국어
    """
)
_ADJECTIVES = _words(
    "american brazilian british canadian european latin mexican simplified swiss traditional"
)
_TAGS = _words(
    "ar bg cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sr"
    " sv th tr uk ur vi zh pt-br pt-pt zh-cn zh-tw zh-hans zh-hant en-gb en-us es-mx fr-ca"
)


def read_target(line: str, *, has_more: bool) -> tuple[str, str]:
    """What a command line says of a translation: to which language, and what text.

    It may be ``to French``, ``to Brazilian Portuguese: text``, ``to German text``, or text alone,
    which is translated to English; where there is more than the line, an attachment say, also
    ``French``. Texts may begin with "to", in Polish for instance: without a colon, and with nothing
    more than the line, it takes the name of a language that is known here.
    """
    line = line.strip()
    to = _TO.match(line)
    if to is None:
        is_language = has_more and is_known(line)
        return (line, "") if is_language else (ENGLISH, line)
    rest = line[to.end() :]
    head, mark, text = _partition(rest)
    if mark and (is_known(head) or (mark != "\n" and _is_named(head))):
        return head.strip(), text.strip()
    if has_more and _is_like_a_language(rest):
        return rest, ""
    words = rest.split()
    for count in (2, 1):
        # A tag may be a word: "to it", "to no one".
        name = " ".join(words[:count])
        if len(words) >= count and is_known(name) and name.lower() not in _TAGS:
            return name, "".join(rest.split(maxsplit=count)[count:])
    return ENGLISH, line


def is_known(name: str) -> bool:
    """A language's name or tag, whatever its case; one adjective may stand before a name."""
    *before, last = name.lower().split() or [""]
    if not before:
        return last in _KNOWN or last in _TAGS
    return last in _KNOWN and len(before) == 1 and before[0] in _ADJECTIVES


def _partition(text: str) -> tuple[str, str, str]:
    """Before the first colon or end of a line, the mark itself, and after it."""
    found = re.search(r"[:：\n]", text)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :]


def _is_named(head: str) -> bool:
    """Before a colon also a language that is not known here; "to do: buy milk" names none."""
    return _is_like_a_language(head) and (head[:1].isupper() or not head.isascii())


def _is_like_a_language(text: str) -> bool:
    text = " ".join(text.split())
    is_short = len(text) <= _MAX_CHARACTERS and len(text.split()) <= _MAX_WORDS
    return is_short and _LIKE_A_LANGUAGE.fullmatch(text) is not None
