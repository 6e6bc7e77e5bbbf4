"""The faults of a policy document in Chinese; the parser, like every program, speaks English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_SAID: Final[Sequence[tuple[str, str]]] = [
    (r"must be a mapping", "应为键值对"),
    (r"is not a known key", "没有这个键"),
    (r"must be a whole number", "应为整数"),
    (r"must be between (.+) and (.+)", r"应在 \1 与 \2 之间"),
    (r"is missing", "缺少"),
    (r"must be a text", "应为文字"),
    (r"must be a name: .*", "应为名称：字母、数字、“.”“_”“-”，最多 64 个"),
    (r"must be an id: .*", "应为编号：字母、数字、“.”“_”“:”“-”，最多 64 个"),
    (r"must be a time zone such as (.+)", r"应为时区，如 \1"),
    (r"must be a country code such as (.+?), .*", r"应为国家代码，如 \1，或其地区如 DE-BY"),
    (r"must be a number such as (.+)", r"应为号码，如 \1"),
    (r"must be a day such as (.+)", r"应为日期，如 \1"),
    (r"must be true or false", "应为 true 或 false"),
    (r"skill (.+) is named twice", r"技能 \1 写了两次"),
    (r"skill (.+) is lowered in the same step", r"同一步中已降低技能 \1"),
    (r"(.+) is named twice", r"\1 写了两次"),
    (r"(.+) is not one of (.+)", r"\1 不在可选之列：\2"),
    (r"must be one of (.+)", r"应为下列之一：\1"),
    (r"must be a day \(mon … sun\) or several \(mon-fri\)", "应为某日（mon … sun）或数日（mon-fri）"),
    (r"must run from an earlier day of the week to a later one", "应从一周中较早的一天到较晚的一天"),
    (r"(.+) is written twice", r"\1 写了两次"),
    (r"must be closed, 24h, or intervals such as (.+)", r"应为 closed、24h 或时段，如 \1"),
    (r"must be a list", "应为列表"),
    (r"must have at most (\d+) entries", r"最多 \1 项"),
    (r"must be more than self_service_claim_seconds, .*", "必须大于 self_service_claim_seconds，否则对话无法开始"),
    (r"names no business line", "没有业务线"),
    (r"group (.+) does not exist", r"分组 \1 不存在"),
    (r"is more than max_load \((.+)\): .*", r"超过 max_load（\1），任何座席都无法承接"),
    (r"must not be less than service_level_percent, .*", "不得低于 service_level_percent，否则会来回切换"),
    (r"business line (.+) does not exist", r"业务线 \1 不存在"),
    (r"serves no channel", "不服务任何渠道"),
    (r"disposition (.+) does not exist", r"处理结果 \1 不存在"),
    (r"calendar (.+) does not exist", r"日历 \1 不存在"),
    (r"skill (.+) does not exist", r"技能 \1 不存在"),
    (r"must have exactly one of max_waiting, .*", "max_waiting、max_wait_seconds、unstaffed_seconds 须恰写其一"),
    (r"names no channel", "没有渠道"),
    (r"site (.+) does not exist", r"营业点 \1 不存在"),
    (r"number (.+) does not exist", r"外部号码 \1 不存在"),
    (r"leads back into the same group", "又回到同一分组"),
    (r"must be more than that of the step before \((.+)\)", r"必须大于前一步的（\1）"),
    (r"changes nothing: .*", "没有任何改变：请写 lower、drop 或 add"),
    (r"names no team, site or agent", "没有写班组、营业点或座席"),
    (r"needs waiting_after_seconds: .*", "需先设 waiting_after_seconds：转为等待客户后才能关闭"),
    (r"must be less than the scale \((.+)\)", r"必须小于分值上限（\1）"),
    (r"no public holidays are known for (.+)", r"没有 \1 的法定节假日资料"),
    (r"time zone (.+) does not exist", r"时区 \1 不存在"),
    (r"a policy is a mapping", "策略文档应为键值对"),
    (r"not YAML", "不是 YAML"),
    (r"longer than (\d+) characters", r"超过 \1 个字符"),
]


def in_chinese(message: str) -> str:
    """The fault in Chinese; one of the YAML library's own is left as it is."""
    for said, chinese in _SAID:
        if found := re.fullmatch(said, message):
            return found.expand(chinese)
    return message
