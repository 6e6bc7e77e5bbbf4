"""What is wrong with a row of a list, in words that say how to mend it; one catalogue for preview, rejects and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class RowRefusal(StrEnum):
    NO_NUMBER = "no_number"
    UNUSABLE_NUMBER = "unusable_number"
    UNUSABLE_OTHER_NUMBER = "unusable_other_number"
    NO_PRIORITY = "no_priority"
    NO_VALUE = "no_value"
    NO_ZONE = "no_zone"
    NO_LANGUAGE = "no_language"
    NO_REGION = "no_region"
    NO_TIME = "no_time"
    NO_CUSTOMER = "no_customer"
    NO_CONSENT_PURPOSE = "no_consent_purpose"
    NO_CONSENT_CHANNEL = "no_consent_channel"
    NO_CONSENT_SOURCE = "no_consent_source"
    NO_CONSENT_TIME = "no_consent_time"
    CONSENT_AHEAD = "consent_ahead"
    CONSENT_OVER = "consent_over"
    TOO_LONG = "too_long"
    TOO_MANY_CELLS = "too_many_cells"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    DUPLICATE_IN_CAMPAIGN = "duplicate_in_campaign"
    TWO_RECORDS = "two_records"


@dataclass(frozen=True, slots=True)
class RowFault:
    """One reason why a row becomes no record. `column`: the field it is about; `facts` fill the words' places."""

    code: RowRefusal
    column: str = ""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


class BadField(ValueError):
    """The text of a cell is no value of its field."""

    def __init__(self, code: RowRefusal, **facts: str) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


_WORDS: Final[Mapping[RowRefusal, Mapping[str, tuple[str, str]]]] = {
    RowRefusal.NO_NUMBER: {
        "zh": ("没有电话号码", "填写号码，或删除此行"),
        "en": ("no telephone number", "fill in the number or delete the row"),
    },
    RowRefusal.UNUSABLE_NUMBER: {
        "zh": ("不是可拨的电话号码", "检查位数；外地号码写国家代码，如 +86 138 0000 0000"),
        "en": ("not a telephone number that can be dialled",
               "check the digits; write the country code of numbers abroad, such as +86 138 0000 0000"),
    },
    RowRefusal.UNUSABLE_OTHER_NUMBER: {
        "zh": ("备用号码不可拨", "更正或清空该格"),
        "en": ("another number of the row cannot be dialled", "mend or empty the cell"),
    },
    RowRefusal.NO_PRIORITY: {
        "zh": ("优先级须为 0 至 100 的整数", "更正或清空（按 0 计）"),
        "en": ("the priority is no whole number from 0 to 100", "mend it, or empty the cell for 0"),
    },
    RowRefusal.NO_VALUE: {
        "zh": ("价值须为不小于 0、至多两位小数的金额", "去掉单位与文字，如 1200.50"),
        "en": ("the value is no amount from 0 with at most two decimals", "leave out units and words, such as 1200.50"),
    },
    RowRefusal.NO_ZONE: {
        "zh": ("没有这个时区", "写 IANA 名称，如 Asia/Shanghai，或清空（按号码判断）"),
        "en": ("there is no such time zone", "write an IANA name such as Asia/Shanghai, or empty the cell: the number tells"),
    },
    RowRefusal.NO_LANGUAGE: {
        "zh": ("语言代码不对", "写不含空格的代码，如 zh、en、yue"),
        "en": ("not a language code", "write a code without spaces such as zh, en, yue"),
    },
    RowRefusal.NO_REGION: {
        "zh": ("地区代码不对", "写代码，如 US-FL，或清空"),
        "en": ("not the code of a region", "write a code such as US-FL, or empty the cell"),
    },
    RowRefusal.NO_TIME: {
        "zh": ("不是日期或时间", "写作 2026-12-01 或 2026-12-01T09:00，或清空"),
        "en": ("not a day or time", "write 2026-12-01 or 2026-12-01T09:00, or empty the cell"),
    },
    RowRefusal.NO_CUSTOMER: {
        "zh": ("客户号不对", "使用 UCC 的客户号，或不导入该列"),
        "en": ("not a customer id of UCC", "use the id as UCC shows it, or leave the column out"),
    },
    RowRefusal.NO_CONSENT_PURPOSE: {
        "zh": ("没有写明同意的用途，或用途不对", "写 营销、服务回访、催收 等（或 marketing 等代码）；没有同意则清空各同意列"),
        "en": ("what the consent is for is missing or unknown",
               "write marketing, service_followup, debt_collection …; where there is no consent, empty all its cells"),
    },
    RowRefusal.NO_CONSENT_CHANNEL: {
        "zh": ("同意的渠道不对", "写 phone（电话）、sms（短信）、email（邮件）、fax（传真）、web（网页），或清空（按电话计）"),
        "en": ("not a channel a consent is for", "write phone, sms, email, fax or web, or empty the cell for phone"),
    },
    RowRefusal.NO_CONSENT_SOURCE: {
        "zh": ("同意的来源不对", "写 paper（纸质）、web（网页）、agent（坐席）、crm 等，或清空（按导入计）"),
        "en": ("not a source of a consent", "write paper, web, agent, crm, sms_keyword or ivr_key, or empty the cell for import"),
    },
    RowRefusal.NO_CONSENT_TIME: {
        "zh": ("没有写明何时同意，或不是日期", "写作 2026-05-01 或 2026-05-01T09:00；没有同意则清空各同意列"),
        "en": ("when the consent was given is missing or no day",
               "write 2026-05-01 or 2026-05-01T09:00; where there is no consent, empty all its cells"),
    },
    RowRefusal.CONSENT_AHEAD: {
        "zh": ("同意的时间在将来", "更正日期；尚未同意的人不能当作已同意"),
        "en": ("the consent lies in the future", "mend the day: who has not agreed yet has given no consent"),
    },
    RowRefusal.CONSENT_OVER: {
        "zh": ("同意已经过期", "更正到期日；确已过期的清空各同意列"),
        "en": ("the consent is over already", "mend the day it ends; where it is over indeed, empty all cells of the consent"),
    },
    RowRefusal.TOO_LONG: {
        "zh": ("文字过长（至多 {limit} 字）", "缩短文字"),
        "en": ("the text is too long ({limit} characters at most)", "shorten it"),
    },
    RowRefusal.TOO_MANY_CELLS: {
        "zh": ("此行的格数多于表头", "含逗号的文字须加引号"),
        "en": ("the row has more cells than the header", "put text with commas into quotation marks"),
    },
    RowRefusal.DUPLICATE_IN_FILE: {
        "zh": ("与第 {line} 行是同一人或同一编号，保留第 {line} 行", "无需处理；要用此行，请选“以后者为准”"),
        "en": ("the same person or key as line {line}, which is kept", "nothing to do; to have this row, let the later one win"),
    },
    RowRefusal.DUPLICATE_IN_CAMPAIGN: {
        "zh": ("活动中已有此人或此编号，保留原有记录", "无需处理；要更新，请选“以后者为准”"),
        "en": ("the campaign has this person or key already, and its record is kept",
               "nothing to do; to update it, let the later one win"),
    },
    RowRefusal.TWO_RECORDS: {
        "zh": ("编号属于一条记录，号码属于另一条", "核对编号与号码"),
        "en": ("the key is one record's and the number another's", "compare key and number"),
    },
}  # fmt: skip

LANGUAGES: Final = ("zh", "en")


def why(fault: RowFault, language: str) -> str:
    """What is wrong, in words."""
    return _WORDS[fault.code][language][0].format(**fault.facts)


def mend(fault: RowFault, language: str) -> str:
    """What to do about it."""
    return _WORDS[fault.code][language][1].format(**fault.facts)
