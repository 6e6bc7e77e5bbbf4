"""What people also say to a machine and no service answers: small talk, tests, noise, other people's business.

Sentences of our own. They teach the matcher what "none of these" sounds like from the first day on; one that resembles a
taught example is left aside, since what is small talk here may be a standard question elsewhere.
"""

from __future__ import annotations

from typing import Final

SENTENCES: Final = tuple(
    """
what is the meaning of life
tell me a story about dragons
do you like pizza
who won the football match last night
how tall is the eiffel tower
what is seven times eight
sing me something
are you a robot
you are stupid
my dog ate my homework
i am bored
what colour is the sky on mars
who is the president of france
recommend me a good film
how do i bake bread
the cat sat on the mat
asdf qwer zxcv
test test one two three
lorem ipsum dolor sit amet
can you write my essay
how many legs does a spider have
what should i wear to a wedding
do aliens exist
play some jazz
good luck with that
never mind
i was just thinking out loud
is it going to snow in norway
which team will win the league
how do magnets work
my neighbour got a new bicycle
happy birthday to you
when did the war end
can fish sleep
how old is the universe
i had a strange dream
let us talk about philosophy
the quick brown fox jumps over the lazy dog
what is the fastest animal
give me advice about my girlfriend
生命的意义是什么
给我讲个笑话吧
你喜欢吃什么
昨晚的球赛谁赢了
珠穆朗玛峰有多高
七乘八等于多少
唱首歌来听听
你是机器人吗
你真笨
我好无聊啊
火星上有没有水
法国的总统是谁
推荐一部好看的电影
红烧肉怎么做
测试测试一二三
帮我写一篇作文
蜘蛛有几条腿
参加婚礼穿什么好
世界上有外星人吗
放一首周杰伦的歌
算了没事了
哈哈哈哈
嗯嗯
呵呵
今天会下雪吗
哪个队会夺冠
磁铁为什么能吸铁
祝你生日快乐
唐朝是哪一年灭亡的
鱼会睡觉吗
宇宙有多大年纪
我昨天做了个怪梦
聊聊人生吧
床前明月光下一句是什么
跑得最快的动物是什么
失恋了怎么办
随便看看
你猜我是谁
晚饭吃什么好呢
我想减肥
""".strip().split("\n")
)
