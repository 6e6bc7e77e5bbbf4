"""What callers hear from the adapter itself: their place, an estimate, a note on recording, a way out."""

from __future__ import annotations

from services.gateway.adapters.port import Place

SPOKEN = {"zh": "zh-CN", "zh-yue": "zh-HK", "en": "en-US"}
"""Language of the house → language of a gateway's voices."""

RECORDED = {"zh": "为保证服务质量，本次通话将被录音。", "en": "To keep our service good, this call is recorded."}
SORRY = {
    "zh": "很抱歉，我们暂时无法接听，请稍后再拨。",
    "en": "We are sorry, we cannot take your call now. Please try again later.",
}
NO_SUCH_ENTRY = {"zh": "您拨打的号码未启用。", "en": "The number you have called is not in service."}
WAIT = {
    "zh": "请稍候，我们会尽快接听您的来电。",
    "en": "Please stay on the line. We will be with you as soon as we can.",
}

LEAVE_MESSAGE = {
    "zh": "请在提示音后留言，结束请按井号键或直接挂机。",
    "en": "Please leave a message after the tone. Press the pound key or hang up when you are done.",
}
THANKS = {"zh": "留言已收到，谢谢。再见。", "en": "Thank you for your message. Goodbye."}
MESSAGE_LEFT = {"zh": "客户留下了语音留言。", "en": "The customer left a voice message."}
"""The line in the conversation beside a kept message."""


def spoken(language: str) -> str:
    return SPOKEN.get(language) or SPOKEN["zh" if language.startswith("zh") else "en"]


def said(words: dict[str, str], language: str) -> str:
    return words["zh" if language.startswith("zh") else "en"]


def message_offer(key: str, language: str) -> str:
    chinese = language.startswith("zh")
    named = {"*": "星号", "#": "井号"} if chinese else {"*": "star", "#": "pound"}
    pressed = named.get(key, key)
    return f"如需留言，请按{pressed}键。" if chinese else f"To leave a message, press {pressed}."


def place_words(place: Place | None, language: str) -> str:
    """Place and an honest estimate; what is not known is not said."""
    if place is None:
        return said(WAIT, language)
    chinese = language.startswith("zh")
    minutes = None if place.p90_seconds is None else max(1, -(-place.p90_seconds // 60))
    ahead = max(place.position - 1, 0)
    if chinese:
        words = f"您前面还有{ahead}位。" if ahead else "下一位就是您。"
        return words + (f"多数来电在{minutes}分钟内接听。" if minutes else "")
    words = f"There are {ahead} callers before you. " if ahead else "You are next. "
    return words + (f"Most calls are answered within {minutes} minutes." if minutes else "")
