"""What a data subject reads in a package, in English and Chinese."""

from typing import Final

from governance.request_texts import Pair

ORIGINS: Final[dict[str, Pair]] = {
    "provided": ("given by you", "由您提供"),
    "observed": ("observed when you used the service", "使用服务时产生"),
    "recorded": ("recorded by us about the processing", "由我们记录的处理情况"),
}

RIGHTS: Final[dict[str, Pair]] = {
    "access": ("Receive a copy of your data.", "查阅、复制您的个人信息。"),
    "rectification": ("Have it corrected or completed.", "更正、补充您的个人信息。"),
    "erasure": ("Have it erased.", "删除您的个人信息。"),
    "restriction": ("Have its use restricted.", "限制对您个人信息的处理。"),
    "portability": ("Take what you provided elsewhere.", "转移您提供的个人信息。"),
    "objection": (
        "Object to its use; to direct marketing without giving a reason.",
        "拒绝处理您的个人信息；拒绝直接营销无需说明理由。",
    ),
    "withdrawal": ("Withdraw a consent at any time.", "随时撤回同意。"),
    "review": (
        "Have a decision that rests on automated processing reviewed by a human, and explained.",
        "要求对自动化决策作出说明并进行人工复核。",
    ),
    "complaint": (
        "Complain to a supervisory authority, and go to court.",
        "向监管机构投诉，并可向法院提起诉讼。",
    ),
}
"""GDPR Art. 15(1)(e), (f) and 22(3); PIPL Art. 24, 44-50."""

LOGIC: Final[Pair] = (
    "A score is computed from counts of what is listed in this package; its reasons are the counts that weighed most, "
    "with their weights. `basis` says whether a model or a rule gave it, and `model_id` which model.",
    "评分根据本文件所列记录的计数得出；“reasons”为影响最大的计数及其权重。“basis”说明评分来自模型还是规则，“model_id”为所用模型。",
)
"""GDPR Art. 15(1)(h)."""

BASES: Final[dict[str, Pair]] = {
    "contract": ("contract", "履行合同"),
    "legal_obligation": ("legal obligation", "履行法定义务"),
    "vital_interests": ("vital interests", "保护重大利益"),
    "public_task": ("public task", "公共任务"),
    "legitimate_interest": ("legitimate interest", "正当利益"),
    "consent": ("your consent", "您的同意"),
    "explicit_consent": ("your explicit consent", "您的单独、明示同意"),
}

TITLES: Final[dict[str, Pair]] = {
    "access": ("Your personal data", "您的个人信息"),
    "portability": ("Your data, to take elsewhere", "您的可转移个人信息"),
}

HEADINGS: Final[dict[str, Pair]] = {
    "controller": ("Who is responsible", "个人信息处理者"),
    "identifiers": ("What names you", "标识信息"),
    "attributes": ("What is said about you", "属性信息"),
    "activity": ("Your activity in figures", "活动统计"),
    "inferred": ("What is inferred about you", "推断信息"),
    "purposes": ("What it is used for", "处理目的"),
    "recipients": ("Who received it", "接收方"),
    "retention": ("How long it is kept", "保存期限"),
    "sources": ("Where it comes from", "信息来源"),
    "rights": ("Your rights", "您的权利"),
    "events": ("Every entry", "全部记录"),
    "gaps": ("What is not here", "未包含的内容"),
}

WORDS: Final[dict[str, Pair]] = {
    "made": ("made", "生成时间"),
    "expires": ("delete after", "请在此日期后删除"),
    "name": ("name", "名称"),
    "value": ("value", "值"),
    "source": ("source", "来源"),
    "at": ("time", "时间"),
    "basis": ("lawful basis", "法律依据"),
    "allowed": ("allowed now", "当前是否允许"),
    "class": ("class", "类别"),
    "months": ("months", "月数"),
    "until": ("until", "截至"),
    "entries": ("entries", "记录数"),
    "reasons": ("reasons", "原因"),
    "model": ("model", "模型"),
    "type": ("type", "类型"),
    "origin": ("origin", "来历"),
    "details": ("details", "详情"),
    "location": ("place", "所在地"),
    "no_end": ("no end of its own", "无固定期限"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "none": ("none", "无"),
}

GAPS: Final[dict[str, Pair]] = {
    "redacted": ("Places where other people were named, and removed", "已隐去的他人信息处数"),
    "shut": ("Entries that were erased, expired, or are held back", "已删除、已过期或暂被保留的记录数"),
    "excluded": (
        "Classes that rest neither on your consent nor on a contract",
        "既非基于同意也非基于合同的类别",
    ),
}
