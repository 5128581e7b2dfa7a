"""What is said in place of a code block, in the language of the text around it."""

from handlers.media.spoken import ENGLISH, Phrases, without_code
from handlers.media.tongues import tongue_of

PHRASES: dict[str, Phrases] = {
    "ar": Phrases(
        "مقطع برمجي من سطر واحد{language}.",
        "مقطع برمجي، عدد الأسطر {count}{language}.",
        " بلغة {name}",
    ),
    "de": Phrases(
        "Ein Codeblock mit einer Zeile{language}.",
        "Ein Codeblock mit {count} Zeilen{language}.",
    ),
    "en": ENGLISH,
    "es": Phrases(
        "Un bloque de código de una línea{language}.",
        "Un bloque de código de {count} líneas{language}.",
        " en {name}",
    ),
    "fr": Phrases(
        "Un bloc de code d'une ligne{language}.",
        "Un bloc de code de {count} lignes{language}.",
        " en {name}",
    ),
    "hi": Phrases("{language} कोड की एक पंक्ति।", "{language} कोड की {count} पंक्तियाँ।", "{name}"),
    "it": Phrases(
        "Un blocco di codice di una riga{language}.",
        "Un blocco di codice di {count} righe{language}.",
    ),
    "ja": Phrases(
        "{language}コードブロック、1行。", "{language}コードブロック、{count}行。", "{name}の"
    ),
    "ko": Phrases("{language}코드 블록, 한 줄.", "{language}코드 블록, {count}줄.", "{name} "),
    "nl": Phrases(
        "Een codeblok van één regel{language}.", "Een codeblok van {count} regels{language}."
    ),
    "pl": Phrases(
        "Blok kodu, jeden wiersz{language}.",
        "Blok kodu, liczba wierszy: {count}{language}.",
        ", {name}",
    ),
    "pt": Phrases(
        "Um bloco de código de uma linha{language}.",
        "Um bloco de código de {count} linhas{language}.",
        " em {name}",
    ),
    "ru": Phrases(
        "Блок кода, одна строка{language}.", "Блок кода, строк: {count}{language}.", ", {name}"
    ),
    "tr": Phrases(
        "Bir satırlık {language}kod bloğu.", "{count} satırlık {language}kod bloğu.", "{name} "
    ),
    "uk": Phrases(
        "Блок коду, один рядок{language}.", "Блок коду, рядків: {count}{language}.", ", {name}"
    ),
    "zh": Phrases("一行{language}代码。", "{count}行{language}代码。", " {name} "),
}


def phrases_for(markdown: str, language: str = "") -> Phrases:
    """Those of the text's own language, else of the chat's, a BCP 47 tag, else English."""
    chosen = language.partition("-")[0].lower()
    return PHRASES[tongue_of(without_code(markdown), chosen if chosen in PHRASES else "en")]
