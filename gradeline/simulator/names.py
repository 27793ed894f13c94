"""Invented names, put together from syllables. Any likeness to a real company or person is chance."""

from __future__ import annotations

from random import Random

_PLACES = (
    "临川",
    "云溪",
    "望江",
    "青禾",
    "南屏",
    "北岭",
    "东泽",
    "西塘",
    "安陵",
    "平澜",
    "锦川",
    "清源",
    "松台",
    "白沙",
    "玉泉",
)
_FIRST = (
    "恒",
    "瑞",
    "鼎",
    "华",
    "宏",
    "盛",
    "嘉",
    "润",
    "泰",
    "昌",
    "远",
    "信",
    "博",
    "腾",
    "景",
    "源",
    "隆",
    "启",
    "凯",
    "祥",
)
_SECOND = (
    "达",
    "丰",
    "通",
    "诚",
    "安",
    "康",
    "利",
    "和",
    "辉",
    "业",
    "兴",
    "茂",
    "泽",
    "越",
    "邦",
    "创",
    "林",
    "岳",
    "舟",
    "野",
)
_CHINESE_TRADE = {
    "machinery": "机械设备",
    "chemicals": "化工",
    "food": "食品",
    "textiles": "纺织",
    "building_materials": "建材",
    "electronics": "电子",
    "pharma": "医药",
    "logistics": "物流",
}
_CHINESE_FORM = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司")
_HEAD = (
    "Bram",
    "Cal",
    "Dor",
    "Elm",
    "Fen",
    "Gal",
    "Har",
    "Kel",
    "Lor",
    "Mer",
    "Nor",
    "Pel",
    "Quin",
    "Ros",
    "Tam",
    "Wex",
)
_TAIL = (
    "bury",
    "dale",
    "field",
    "ford",
    "gate",
    "ham",
    "ington",
    "ley",
    "mere",
    "more",
    "stead",
    "ton",
    "vale",
    "wick",
)
_ENGLISH_TRADE = {
    "machinery": "Machinery",
    "chemicals": "Chemicals",
    "food": "Foods",
    "textiles": "Textiles",
    "building_materials": "Building Supplies",
    "electronics": "Electronics",
    "pharma": "Pharma",
    "logistics": "Logistics",
}
_ENGLISH_FORM = ("Ltd", "GmbH", "Inc", "Pte Ltd")
_SURNAMES = ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林")
_GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "军",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "霞",
    "平",
    "刚",
    "桂",
)
INDUSTRIES = tuple(_CHINESE_TRADE)


def chinese_company(rng: Random, industry: str) -> str:
    """A Chinese company name: place, two signs, trade, legal form."""
    brand = rng.choice(_FIRST) + rng.choice(_SECOND)
    return f"{rng.choice(_PLACES)}{brand}{_CHINESE_TRADE[industry]}{rng.choice(_CHINESE_FORM)}"


def english_company(rng: Random, industry: str) -> str:
    """An English company name: an invented place, trade, legal form."""
    return f"{rng.choice(_HEAD)}{rng.choice(_TAIL)} {_ENGLISH_TRADE[industry]} {rng.choice(_ENGLISH_FORM)}"


def person(rng: Random) -> str:
    """A Chinese person's name."""
    return rng.choice(_SURNAMES) + "".join(rng.choice(_GIVEN) for _ in range(rng.randint(1, 2)))
