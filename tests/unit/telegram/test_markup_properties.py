"""Whatever a model writes, and however much of it has come so far."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telegram.markup import Rendered, plain, render
from bot.telegram.splitting import render_parts, split
from tests.unit.telegram.markup_rules import (
    bare_words,
    check_entities,
    check_message,
    reader_words,
    source_words,
)

ANSWER = """# Sorting a list in Python

Python has **two** ways to sort: `list.sort()` *in place*, and `sorted()`, which gives a ***new*** \
list. See the [how-to](https://docs.python.org/3/howto/sorting.html#key_(functions)) for more.

## At a glance

| Way | In place? | Returns | Cost |
|:----|:---------:|---------|-----:|
| `list.sort()` | yes | `None` | O(n log n) |
| `sorted(x)` | no | a [list](https://docs.python.org/3/) | the same |
| 名前 🙂 | ~~maybe~~ | <T> | $5 |

1. Take the list:
   - numbers, such as 1 < 2 && 3 > 2;
     - even `None`?
   - words: "naïve", "日本語", "العربية".
2. Sort it:

   ```python
   def sort_all(rows: list[tuple[int, str]]) -> None:
   \trows.sort(key=lambda row: (-row[0], row[1]))

       # not **bold**, not <b>bold</b>
   ```
3. Done 👨‍👩‍👧 🇩🇪 e\u0301.

> **Note:** sorting is *stable*.
> > Equal rows stay in order.
>
> ```
> quoted code
> ```

The cost is \\(T(n) = a_1*n + b_2*n\\log n\\), or
\\[
\\sum_{i=1}^{n} x_i * y_i = \\frac{a}{b} \\\\
\\]
That is $5 and $6, or $x_1*y_1$. **注意：**请看 **단어(word)**는. Power: x**2 + y**2, 2*3*4.

````markdown
```python
print("nested")
```
````

<details>
<summary>More</summary>

- [x] done ||a secret|| and a || b || c
- [ ] open &amp; &nbsp; ![chart](https://example.com/a.png "Chart")

</details>

***

Setext
------

Line one\x20\x20
line two\\
line three, <https://example.com/x_y_z> and [local](./README.md), [1]: not a definition[^1].

[^1]: A footnote with **bold**.
[ref]: https://example.com/ref "Title"

## Which to take

Take `sorted()` when the old order **still matters**, because it leaves the list alone and takes \
*anything* that can be gone through: tuples, sets, generators, even the keys of a dictionary. Take \
`list.sort()` when memory is dear; nothing is copied, and it is a little faster. Both take `key`, \
a function that is called *once* for each row, and `reverse`. Neither compares more than it must: \
what is in order already is found and merged, so a list that is ***almost*** sorted takes about n.

| Rows | `sort()` | `sorted()` |
|-----:|---------:|-----------:|
| 1,000 | ~0.1 ms | ~0.1 ms |
| 1,000,000 | ~250 ms | ~270 ms |

### Pitfalls

* `rows = rows.sort()` makes `rows` **None**: the method returns nothing.
* Mixed types do not compare: `sorted([1, "a"])` raises a `TypeError`.
* Text is ordered by code point, so that "Z" < "a"; give `key=str.casefold` for people:

      sorted(names, key=str.casefold)

* Floats have `nan`, which is neither less nor more than *anything*; sort it away first:

  ~~~python
  import math

  clean = [x for x in values if not math.isnan(x)]
  clean.sort()
  ~~~

Sources: [1](https://example.com/a?b=c&d=e#f), [2](https://en.wikipedia.org/wiki/Timsort_(sort)).

```
unclosed **fence**
"""

PIECES = st.sampled_from(
    [
        *("**", "*", "_", "__", "~~", "~", "`", "``", "```", "````", "```py\n", "\n```\n", "~~~\n"),
        *(
            "# ",
            "## ",
            "> ",
            "> > ",
            "- ",
            "  - ",
            "1. ",
            "3) ",
            "- [x] ",
            "---\n",
            "===\n",
            "***\n",
        ),
        *(
            "[",
            "](",
            ")",
            "](https://e.org/a_(b))",
            "](./x)",
            "![",
            "[a](https://e.org)",
            "]: ",
            "[1]",
        ),
        *(
            "|",
            "||",
            "| a | b |\n|---|---|\n",
            "\n| x | y |\n",
            "|\n",
            "\\",
            "\\(",
            "\\)",
            "\\[",
            "\\]",
        ),
        *(
            "$",
            "$$",
            "$x_1$",
            "<",
            ">",
            "<b>",
            "</b>",
            "<!--",
            "-->",
            "&",
            "&amp;",
            "&#65;",
            "<https://e.org>",
        ),
        *(
            "\n",
            "\n\n",
            " ",
            "    ",
            "\t",
            "\r\n",
            "\x00",
            "\u2028",
            "\u202e",
            "\u200b",
            "\ufeff",
            "\xa0",
        ),
        *(
            "a",
            "word",
            "word word word. ",
            "1",
            "2*3",
            "x**2",
            "字",
            "。",
            "：",
            "한국어",
            "שלום",
            "\u0301",
        ),
        *("🙂", "👨‍👩‍👧", "🇩🇪", "\ue000", "\uf8ff", "\ud800", '"', "'", "(", "!", ":", "•", "—"),
    ]
)
MARKDOWN = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200)


@settings(max_examples=400, deadline=None)
@given(MARKDOWN)
def test_a_rendered_text_keeps_the_words_and_telegrams_rules(markdown: str) -> None:
    rendered = render(markdown)
    assert reader_words(rendered) == source_words(markdown)
    check_entities(rendered, rendered.units)


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, st.integers(8, 60), st.integers(1, 8))
def test_pieces_are_messages_that_telegram_takes(markdown: str, units: int, entities: int) -> None:
    rendered = render(markdown)
    pieces = split(rendered, max_units=units, max_entities=entities)
    for piece in pieces:
        check_message(piece, max_units=units, max_entities=entities)
    assert _visible(pieces) == _visible([rendered])


def _visible(messages: list[Rendered]) -> str:
    """A piece of nothing but joiners and controls is no message, and is left out."""
    return "".join(
        char for char in bare_words(messages) if unicodedata.category(char) not in {"Cf", "Cc"}
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["word", "Word.", "字", "🙂", "\n", "\n\n", " ", "longerword"])),
    st.data(),
)
def test_the_first_pieces_of_a_growing_text_stay(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    end = data.draw(st.integers(0, len(text)))
    grown, so_far = (split(plain(part), max_units=30) for part in (text, text[:end]))
    assert so_far[:-1] == grown[: max(len(so_far) - 1, 0)]


@settings(max_examples=100, deadline=None)
@given(MARKDOWN, st.text(max_size=50))
def test_an_answer_and_its_notice_are_messages_that_telegram_takes(
    markdown: str, notice: str
) -> None:
    for part in render_parts(markdown, notice):
        check_message(part)


def test_every_beginning_of_an_answer_can_be_shown() -> None:
    checked: set[Rendered] = set()
    for end in range(1, len(ANSWER) + 1):
        markdown = ANSWER[:end]
        rendered = render(markdown)
        assert reader_words(rendered) == source_words(markdown)
        for part in split(rendered, max_units=700, max_entities=20):
            if part not in checked:
                check_message(part, max_units=700, max_entities=20)
                checked.add(part)
