"""Words that mean much the same when customers ask for service: what lets five examples do the work of fifty.

Written by hand from what customer service is about in general, knowing which topics the public question sets cover (cards,
cars, leave …), so figures on those sets flatter it; docs/matcher.md says by how much. One line is one concept, its words
separated by blanks. A word may stand in several lines. English words are compared by stem; Chinese words are found inside a
text wherever they stand, the longest first. A word missing here costs nothing but the help it would have been.
"""

from __future__ import annotations

from typing import Final

ENGLISH: Final = """
arrive arrived arriving come came delivered delivery deliver reach received receive get got shipped ship mail post
wait waiting waited pending still yet delay delayed late slow long stuck hold processing queue overdue
broken broke break damaged faulty defective leak leaking malfunction
work works working function functioning
fail failed failing fails failure error problem issue trouble wrong
declined decline rejected reject refused refuse denied deny blocked block frozen freeze locked lock
money cash funds fund amount balance sum
pay paid payment paying spend spent spending
buy bought purchase purchased purchasing shopping shop
refund refunded reimburse reimbursed reimbursement return back reverse reversed chargeback
fee fees charge charged charges charging cost costs costing price pricing commission surcharge extra rate
cheap expensive discount lower reduce reduction bargain negotiate deal cheaper afford
lost lose losing misplaced missing disappeared vanished gone left
stolen steal theft thief robbed robbery mugged stole
fraud fraudulent scam suspicious unauthorized unauthorised compromised hacked scammer
unknown unrecognized unrecognised recognize recognise strange unfamiliar weird odd
change changed changing edit modify update updated amend alter switch different adjust replace
cancel cancelled canceled cancelling canceling stop revert undo abort terminate terminated end quit
close delete deactivate remove erase clear
open create start begin set setup activate activated activation register enrol enroll enable apply application obtain signup join
password passcode pin code login credential
forgot forget forgotten remember reminder remind
name surname called call nickname
address moved move moving relocate residence live
phone mobile cell cellphone telephone handset device smartphone
verify verified verification identity id identification proof confirm authenticate prove document documents paperwork
why reason explain cause
where locate located location place whereabouts
when time soon long day days date duration hours deadline
now today tonight currently moment
tomorrow next upcoming coming later future
yesterday last previous recent past ago earlier
monday tuesday wednesday thursday friday saturday sunday weekday weekend
january february march april may june july august september october november december
limit limits maximum minimum max restriction cap allowed allowance
country countries abroad overseas international foreign worldwide europe european
currency currencies exchange fx conversion convert converted dollar dollars euro euros pound pounds yen usd gbp eur
transfer transferred transferring send sent sending wire wired
account accounts profile
topup topping topped reload recharge load add added adding
atm machine withdraw withdrawal withdrew withdrawing cashpoint
twice double duplicate duplicated two multiple repeated again
child children kid kids son daughter teenager minor
recipient beneficiary receiver payee
direct standing debit recurring subscription automatic automatically auto autopay
credit score rating
visa mastercard amex card cards
virtual disposable online digital electronic
contactless tap nfc
salary wage wages paycheck income earn payday
tax taxes vat duty stamp
expire expires expired expiration expiry
order ordered request requested
need want wish like would
help assist assistance support please
show see view check look find know tell display
track tracking status follow monitor progress
statement statements history transaction transactions record records
mistake incorrect incorrectly inaccurate wrong
urgent urgently immediately asap quickly fast quick rush
person human agent representative operator staff someone somebody advisor manager
thank thanks thankful appreciate grateful
hello hi hey greetings morning afternoon evening
bye goodbye farewell
yes yeah yep sure okay ok correct right affirmative
no nope not never negative
rent rental renting tenant tenancy lease leasing landlord letting
repair fix maintain maintenance mend plumber electrician technician
sell sold selling sale seller
house home apartment flat property condo villa room unit
area size square metre meter sqm big large
view viewing visit tour inspect inspection
contract agreement sign signed signature
deposit downpayment prepay advance
mortgage loan borrow lender
interest apr
school schools district kindergarten
metro subway underground tube station bus train transit transport
parking park garage vehicle car
floor storey lift elevator stairs
decoration decorate renovation renovate furnished furniture refurbish
noise noisy loud neighbour neighbor quiet
pet pets dog cat
water electricity gas heating power utilities utility boiler air conditioning
key keys
complain complaint complaining unhappy dissatisfied terrible rude
appointment book booking booked reserve reservation schedule scheduled meeting calendar event agenda
flight fly plane airline airport airplane
hotel motel lodging stay inn accommodation
luggage baggage suitcase bag carry-on
travel trip vacation holiday journey tourist visiting
visa passport vaccine vaccination shot immunization
weather rain raining sunny snow temperature forecast hot cold
restaurant eat dinner lunch breakfast meal food dine cuisine
recipe cook cooking bake ingredients dish make
calories nutrition nutritional healthy fat carbs protein
music song songs play playlist artist album tune
alarm wake timer countdown
traffic jam commute congestion
direction directions route way drive driving navigate map
distance far miles kilometers
insurance insured coverage policy premium health plan benefits
doctor hospital medical medicine sick
tire tires tyre pressure oil engine mpg gasoline fuel petrol
translate translation say spanish french german italian chinese japanese language
spell spelling define definition mean meaning
joke funny laugh
weigh weight measure measurement inches feet convert
bill bills invoice utility owe due
pto vacation leave timeoff dayoff
list todo task tasks shopping groceries
volume louder quieter
message text texting sms email
invest investment stock pension retirement 401k ira rollover
reward rewards points cashback bonus miles
check cheque checks checkbook
age old birthday born
you your yourself
"""

CHINESE: Final = """
多少钱 价格 价钱 单价 总价 报价 售价 几钱 多钱 费用 收费 什么价 啥价 价位
便宜 优惠 打折 折扣 议价 还价 砍价 少点 降价 让价 再谈 能谈 可谈 空间 底价
租金 房租 月租 租费
租房 出租 租赁 承租 租客 房客 租户 租住 整租 合租 求租
买房 购房 购买 买
卖房 出售 卖 售房 挂牌 放盘
佣金 中介费 服务费 代理费 手续费
税 税费 契税 增值税 个税 满五 满二 唯一
首付 首套 二套 按揭 贷款 商贷 房贷 月供 利率 公积金
定金 押金 订金 保证金 意向金
退款 退钱 退还 退回 返还 退租 退押金
合同 协议 签约 签字 续签 续约 续租
过户 产证 房产证 不动产证 房本 产权 网签 办证
面积 平米 平方 多大 几平 建筑面积 套内 得房率
户型 几室 几房 两室 三室 一室 两房 三房 一房 格局 结构 单间 开间
楼层 几楼 几层 层高 高层 低层 顶楼 底层 总高
电梯 楼梯 爬楼 梯户
朝向 朝南 南北 采光 光线 阳光 通透 亮堂 西晒
装修 毛坯 精装 简装 家具 家电 拎包 翻新 硬装 软装
学区 学校 小学 中学 幼儿园 对口 学位 上学
地铁 公交 交通 车站 站台 轻轨 出行
停车 车位 车库 泊车
物业 物业费 管理费 管家
小区 社区 楼盘 花园 小院
位置 地址 在哪 哪里 哪儿 什么地方 地段 方位 几号楼
附近 周边 旁边 周围 靠近 离 近吗 远吗 多远
商场 超市 医院 菜场 公园 配套
看房 约看 带看 实地 现场看 去看 看看房 参观 看一下
预约 约 安排 预定 预订 约时间
时间 什么时候 几点 何时 多久 多长时间 哪天 几时
今天 今日 现在 目前 当前 当下
明天 后天 下周 下个月 以后 将来 明年
昨天 前天 上周 之前 以前 去年
周一 周二 周三 周四 周五 周六 周日 周末 星期一 星期二 星期三 星期四 星期五 星期六 星期天 礼拜
上午 下午 晚上 早上 中午 夜里 凌晨
维修 修理 报修 修一下 修好 检修 师傅 修
坏 坏了 故障 失灵 不能用 不好用 用不了 没反应 出问题 不亮
漏水 渗水 滴水 堵了 下水道 管道 堵塞 水管
水 电 煤气 燃气 暖气 供暖 空调 热水 热水器 停电 停水 水电 跳闸
钥匙 门禁 门锁 密码锁 门卡
噪音 吵 隔音 邻居 扰民 安静
宠物 养狗 养猫 猫 狗
投诉 不满 举报 意见 差评 态度 生气
人工 客服 转人工 真人 接线员 经纪人 顾问 管家 专员
电话 手机 号码 联系方式 微信 联系
身份证 证件 材料 资料 手续 证明
入住 搬家 搬进 搬入 交房 拎包入住 腾房
短租 长租 日租 租期 起租 租多久
钱 款 金额 余额 账单 付款 支付 交钱 缴费 交费 付费
发票 收据 开票
取消 作废 不要了 停止 终止 关闭 解约 违约
修改 更改 变更 换 改 调整 更换
密码 登录 账号 账户 注册
忘记 忘了 想不起
快递 送货 配送 物流 发货 到货
还在 还有 卖掉 售出 下架 卖了吗 租出去 在售
真实 真的 假的 真假 照片 图片 视频
安全 治安 保安
几年 年代 房龄 哪年 建成 建造 老房
急 急用 尽快 马上 立刻 赶紧 加急
怎么 如何 怎样 咋 怎么样 怎办
为什么 为何 为啥 原因
可以 能不能 能否 可不可以 行不行 是否 能 可否
有没有 有吗 有无
推荐 介绍 类似 其他 别的 还有没有
谢谢 多谢 感谢
你好 您好 早上好 晚上好 嗨 哈喽 在吗 在不在
再见 拜拜
你是谁 你叫 你几岁 你是 你会 你喜欢 你爱 你有 你在 陪我 聊天 无聊 我爱你 喜欢你
天气 下雨 气温 温度 刮风 下雪 冷不冷 热不热 雾霾
股票 股价 大盘 行情 涨停 基金
火车 高铁 动车 列车 车次 火车票
飞机 航班 机票 飞往
公交车 坐车 几路 乘车 换乘
路线 怎么走 导航 路况 地图 去往
短信 发信息 发消息 发条 信息
邮件 邮箱 发邮件
打电话 拨打 呼叫 拨号 打给
联系人 通讯录 名片
音乐 歌曲 歌 唱 听歌 播放 专辑
电影 影院 放映 影片 上映
电视 频道 卫视 电视台 节目 直播
电视剧 视频 动漫 综艺 集 看剧
小说 看书 阅读 书
诗 诗句 古诗 唐诗 宋词 诗人 下一句 上一句
做法 怎么做 菜谱 好吃 烧菜 炒 炖 红烧 煮 菜 汤
新闻 头条 消息 资讯
彩票 双色球 大乐透 开奖 中奖
比赛 球赛 联赛 球队 比分 赛程
翻译 英语 英文 日语 怎么说 怎么读
计算 加 减 乘 除 等于 平方根
提醒 闹钟 日程 叫醒 备忘
几号 星期几 农历 日期 节日
感冒 发烧 头痛 症状 治疗 吃什么药 病 疼 医生
谜语 猜谜 脑筋急转弯 打一
收音机 广播 电台 调频
网站 网页 官网 浏览 网址
打开 启动 开启 运行 下载 安装 应用 软件
北京 上海 广州 深圳 杭州 南京 天津 重庆 成都 武汉 西安 苏州 郑州 长沙 青岛 大连 沈阳 昆明 厦门 宁波 香港 台北
"""
