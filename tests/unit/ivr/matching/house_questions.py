"""A small standard question set of a real-estate house, in both languages: eight questions, four or five ways of asking each."""

from __future__ import annotations

from services.ivr.domain.matching.model import Model
from services.ivr.domain.matching.training import train
from services.ivr.domain.matching.verdict import Example

ASKED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rent.price": (
        ("这套房租金多少", "一个月房租多少钱", "月租能不能便宜一点", "押一付三是多少钱"),
        ("how much is the rent", "what is the monthly rent", "can the rent be lower"),
    ),
    "rent.pets": (
        ("可以养宠物吗", "房东让不让养狗", "带一只猫能租吗"),
        ("are pets allowed", "can I keep a dog in the flat", "does the landlord accept cats"),
    ),
    "rent.end": (
        ("我想退租怎么办", "提前退房押金退不退", "租约没到期要搬走"),
        ("how do I end my lease", "will I get my deposit back when I move out", "I want to terminate the tenancy early"),
    ),
    "sale.viewing": (
        ("什么时候可以看房", "周末能带我看房吗", "我想约时间实地看一下"),
        ("when can I view the apartment", "I would like to book a viewing", "can someone show me the house on Saturday"),
    ),
    "sale.tax": (
        ("契税要交多少", "买二手房有哪些税费", "满五唯一免不免税"),
        ("how much tax do I pay", "what taxes are due when buying", "is there stamp duty"),
    ),
    "sale.metro": (
        ("离地铁站有多远", "附近有地铁吗", "坐公交方便吗"),
        ("how far is the metro station", "is there a subway nearby", "which bus stops there"),
    ),
    "care.leak": (
        ("厨房水管漏水了", "卫生间下水道堵了", "天花板渗水找谁修"),
        ("my kitchen pipe is leaking", "the bathroom drain is blocked", "water comes through the ceiling"),
    ),
    "care.heating": (
        ("暖气不热", "空调坏了没反应", "热水器打不着火"),
        ("the heating does not work", "my air conditioner is broken", "no hot water from the boiler"),
    ),
}  # fmt: skip
GROUPS = {
    question: {"rent": "rental", "sale": "sales", "care": "repairs"}[question.split(".")[0]] for question in ASKED
}
BUSINESS_LINES = {q: {"rental": "rental", "sales": "sales", "repairs": "property"}[g] for q, g in GROUPS.items()}
EXAMPLES = [
    Example(question, text, language)
    for question, by_language in ASKED.items()
    for language, texts in zip(("zh", "en"), by_language, strict=True)
    for text in texts
]


def house_model(corrections: tuple[Example, ...] = ()) -> Model:
    return train(EXAMPLES, corrections=corrections, groups=GROUPS, business_lines=BUSINESS_LINES)
