"""What is said in the pictures: a bookshop in English, a reading circle in Chinese. Each as its people would say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Said:
    """`ago`: minutes before now. `to`: how many messages back it replies to. `liked`: emoji, and who chose each."""

    by: str
    ago: int
    text: str
    to: int = 0
    liked: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Room:
    """`kind`: open, private or news; `people`: who belongs to it besides those who speak there."""

    title: str
    topic: str
    kind: str
    said: tuple[Said, ...]
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A site. The first of the people owns it; the first of the rooms is the one that everybody comes to."""

    name: str
    people: tuple[str, ...]
    statuses: tuple[str, ...]
    guest: str
    rooms: tuple[Room, ...]
    direct: tuple[tuple[tuple[str, ...], tuple[Said, ...]], ...]
    draft: str
    invitation: str


ENGLISH: Final = Place(
    name="Harbour Street Books",
    people=("Mei", "Bob", "Dora", "Samir"),
    statuses=("At the till until six", "Ladder day", "", "Night shift this week"),
    guest="Charlie",
    rooms=(
        Room(
            "The hall",
            "Doors open at four. Say hello when you come in.",
            "open",
            (
                Said(
                    "Bob",
                    1490,
                    "The new shelf is up. Poetry moved to the window, travel is where poetry was.",
                ),
                Said(
                    "Dora",
                    1482,
                    "Finally! Last week I looked for Bashō in cookery.",
                    liked=(("😂", ("Bob", "Samir")),),
                ),
                Said(
                    "Mei",
                    1478,
                    "My fault. It is a very small book about a very long walk, and I was hungry.",
                    to=1,
                ),
                Said("Bob", 1471, "I'll put a sign up: *walks are not recipes*."),
                Said(
                    "Samir",
                    58,
                    "Morning! For tonight we need\n\n- twelve chairs from the back\n- the **big** kettle\n"
                    "- no biscuits near the first editions",
                    liked=(("👍", ("Mei", "Dora", "Bob")),),
                ),
                Said("Dora", 51, "I'll bring the chairs up at five. @Mei do we still read chapter three?"),
                Said("Mei", 47, "Three and four. Four is short, and somebody drowns in it.", to=1),
                Said("Bob", 44, "Spoilers!"),
                Said(
                    "Mei",
                    43,
                    "It is a history of lighthouses, Bob.",
                    liked=(("😂", ("Dora", "Samir")), ("🍵", ("Bob",))),
                ),
                Said(
                    "Samir",
                    12,
                    "The till was stuck again. This cured it:\n\n```sh\n$ shop sync --all\n"
                    "1204 titles, 3 new, 0 lost\n```",
                ),
                Said("Dora", 4, "Zero lost. Frame that.", liked=(("❤️", ("Samir",)),)),
                Said("Charlie", 2, "Hello! Is there still a seat tonight?"),
            ),
        ),
        Room(
            "Reading circle",
            "This month: A History of Lighthouses",
            "open",
            (
                Said("Dora", 300, "Page 88: they kept a goat up there for the milk. In that wind!"),
                Said("Samir", 290, "And it had its own entry in the log. “Goat in good spirits.”"),
                Said("Dora", 25, "@Mei may I read that part aloud tonight?"),
            ),
            people=("Mei", "Bob"),
        ),
        Room(
            "Tea tasting",
            "Thursdays after closing",
            "open",
            (
                Said("Bob", 700, "The oolong from the hills is here. It smells of rain on warm stone."),
                Said("Mei", 690, "Keep me a cup."),
                Said("Bob", 20, "There is one left with your name on it."),
            ),
        ),
        Room(
            "Announcements",
            "What everybody should know",
            "news",
            (
                Said(
                    "Mei",
                    2900,
                    "We open at **ten** on Saturday: the harbour fair begins at nine, and so do the crowds.",
                ),
            ),
            people=("Bob", "Dora", "Samir"),
        ),
        Room(
            "Back room",
            "For those who have a key",
            "private",
            (
                Said("Samir", 180, "The lamp over the stairs is out. I'll see to it."),
                Said("Samir", 95, "Done. It was the cat."),
            ),
            people=("Mei",),
        ),
    ),
    direct=(
        (
            ("Mei", "Bob"),
            (Said("Bob", 35, "Dora's birthday is on Friday. Cake, or the Bashō?"), Said("Mei", 33, "Both.")),
        ),
        (
            ("Mei", "Dora", "Samir"),
            (
                Said("Dora", 130, "Who has the key of the cellar?"),
                Said("Mei", 128, "It hangs behind the atlas."),
            ),
        ),
    ),
    draft="Of course, come in",
    invitation="The Thursday circle",
)

CHINESE: Final = Place(
    name="小雅读书会",
    people=("林小梅", "老周", "阿茶", "陈默"),
    statuses=("六点前都在店里", "今天整理书架", "", "这周值夜班"),
    guest="路过的小雨",
    rooms=(
        Room(
            "大厅",
            "下午四点开门，进来打个招呼吧。",
            "open",
            (
                Said("老周", 1490, "新书架装好了。诗集挪到窗边，游记放在原来诗集的位置。"),
                Said(
                    "阿茶",
                    1482,
                    "总算！上周我是在菜谱那一架找到《奥之细道》的。",
                    liked=(("😂", ("老周", "陈默")),),
                ),
                Said("林小梅", 1478, "怪我。那么薄的一本书，走了那么远的路，我放的时候正好饿了。", to=1),
                Said("老周", 1471, "我写个牌子挂上：*行路不是做菜*。"),
                Said(
                    "陈默",
                    58,
                    "大家早。今晚要准备：\n\n- 后屋的十二把椅子\n- **大号**的那只水壶\n- 点心别放在初版书旁边",
                    liked=(("👍", ("林小梅", "阿茶", "老周")),),
                ),
                Said("阿茶", 51, "椅子我五点搬上来。@林小梅 今晚还是读第三章吗？"),
                Said("林小梅", 47, "第三、第四章。第四章很短，里面有人落水。", to=1),
                Said("老周", 44, "别剧透！"),
                Said(
                    "林小梅",
                    43,
                    "老周，那是一部灯塔史。",
                    liked=(("😂", ("阿茶", "陈默")), ("🍵", ("老周",))),
                ),
                Said(
                    "陈默",
                    12,
                    "收银机又卡住了，这样就好：\n\n```sh\n$ shop sync --all\n1204 种，新增 3，丢失 0\n```",
                ),
                Said("阿茶", 4, "丢失 0，值得裱起来。", liked=(("❤️", ("陈默",)),)),
                Said("路过的小雨", 2, "大家好！今晚还有座位吗？"),
            ),
        ),
        Room(
            "共读",
            "本月：《灯塔史》",
            "open",
            (
                Said("阿茶", 300, "第 88 页：他们在塔上养了一只山羊挤奶，那么大的风！"),
                Said("陈默", 290, "值班日志里还有它的一行：“羊，精神尚好。”"),
                Said("阿茶", 25, "@林小梅 今晚这一段让我来念好不好？"),
            ),
            people=("林小梅", "老周"),
        ),
        Room(
            "品茶",
            "每周四打烊以后",
            "open",
            (
                Said("老周", 700, "山里的乌龙到了，闻着像雨落在晒热的石头上。"),
                Said("林小梅", 690, "给我留一杯。"),
                Said("老周", 20, "留着呢，杯子上写了你的名字。"),
            ),
        ),
        Room(
            "公告",
            "大家都该知道的事",
            "news",
            (Said("林小梅", 2900, "周六**十点**开门：港口集市九点开始，人会很多。"),),
            people=("老周", "阿茶", "陈默"),
        ),
        Room(
            "后堂",
            "给有钥匙的人",
            "private",
            (
                Said("陈默", 180, "楼梯上的灯坏了，我去看看。"),
                Said("陈默", 95, "修好了，是猫干的。"),
            ),
            people=("林小梅",),
        ),
    ),
    direct=(
        (
            ("林小梅", "老周"),
            (Said("老周", 35, "周五是阿茶生日，送蛋糕，还是送那本书？"), Said("林小梅", 33, "都送。")),
        ),
        (
            ("林小梅", "阿茶", "陈默"),
            (Said("阿茶", 130, "地窖的钥匙在谁那儿？"), Said("林小梅", 128, "挂在地图册后面。")),
        ),
    ),
    draft="当然有，快进来",
    invitation="周四的茶会",
)

PLACES: Final = {"en": ENGLISH, "zh": CHINESE}
