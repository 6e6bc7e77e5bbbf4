"""Chinese personal names put together from common characters; nobody in particular is meant."""

from __future__ import annotations

import random

SURNAMES = (
    *"王李张刘陈" * 4, *"杨黄赵吴周徐孙马朱胡" * 2,
    *"郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方邹熊孟秦江尹薛段",
    "欧阳", "司马", "诸葛",
)  # fmt: skip
"""Family names, the frequent ones several times."""

FEMALE = (
    "芳娜敏静丽艳娟霞秀燕玲桂英华慧巧美淑惠珠翠雅芝玉萍红娥春菊兰凤洁梅琳素云莲真环雪荣爱妹香月莺媛瑞佳嘉琼勤珍贞莉婷婉"
)
MALE = (
    "伟刚勇毅俊峰强军平保东文辉力明永健世广志义兴良海山仁波宁贵福生龙元全国胜学祥才发武新利清飞彬富顺信子杰涛昌成康星光"
)


def full_name(chance: random.Random) -> str:
    """A family name with one or two given characters."""
    characters = chance.choice((FEMALE, MALE))
    given = "".join(chance.sample(characters, 1 if chance.random() < 0.3 else 2))
    return chance.choice(SURNAMES) + given
