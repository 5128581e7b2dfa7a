"""Markdown as models write it, and worse, for the tests of every platform; and its words."""

from __future__ import annotations

import functools
import unicodedata

from hypothesis import strategies as st

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


def source_words(markdown: str) -> str:
    """Everything but white space, Markdown's marks and what chat apps themselves take out."""
    decoded = markdown.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(filter(_is_word, decoded))


@functools.cache
def _is_word(char: str) -> bool:
    return (
        not char.isspace()
        and unicodedata.category(char) != "Cc"
        and char != "\ufeff"
        and not "\u2028" <= char <= "\u202e"
        and char not in "*_~`#>|<[]()!\\+-=:\"'•—"
    )
