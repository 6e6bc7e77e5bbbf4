"""What a person hears who answered and whom nobody could speak to in time: who called, the number at which they ring back and the key
that refuses further calls. The law wants all three (16 CFR 310.4(b)(4)(iii), 47 CFR 64.1200(a)(7); Ofcom), so none of them hangs on
somebody having thought of it: what the campaign's own words leave out is added.
"""

from __future__ import annotations

import re
from typing import Final

_ENOUGH_DIGITS: Final = 7  # of a number, that say it whether or not its country is said
_NUMBER: Final = {"zh": "您可以拨打 {number} 找到我们。", "en": "You can reach us at {number}."}
_KEY: Final = {"zh": "请按 {key} 键，我们不再给您打电话。", "en": "Press {key} and we will not call you again."}
_KEYS_NAMED: Final = {"*": {"zh": "星号", "en": "star"}, "#": {"zh": "井号", "en": "hash"}}


def information_message(words: str, language: str, shown: str | None, refusal_key: str) -> str:
    """The campaign's `words`, and after them what they lack. `shown`: the number of ours the call shows, E.164; `refusal_key` "":
    there is none."""
    tongue = "en" if language.partition("-")[0] == "en" else "zh"
    said = words.strip()
    if said and said[-1] not in ".!?。！？":
        said += "." if tongue == "en" else "。"
    parts = [said]
    if shown is not None and shown[-_ENOUGH_DIGITS:] not in re.sub(r"\D", "", words):
        parts.append(_NUMBER[tongue].format(number=shown))
    if refusal_key and not _says_key(words, refusal_key):
        key = _KEYS_NAMED.get(refusal_key, {}).get(tongue, refusal_key)
        parts.append(_KEY[tongue].format(key=key))
    return (" " if tongue == "en" else "").join(parts)


def _says_key(words: str, key: str) -> bool:
    return re.search(rf"(?:按|press)\s*(?:the\s+)?(?:数字)?{re.escape(key)}(?!\d)", words, re.IGNORECASE) is not None
