"""What officers and data subjects read about requests, in English and Chinese; the keys are stored."""

from typing import Final

Pair = tuple[str, str]

KINDS: Final[dict[str, Pair]] = {
    "access": ("Access to personal data", "查阅、复制个人信息"),
    "portability": ("Data portability", "个人信息转移"),
    "rectification": ("Correction of personal data", "更正、补充个人信息"),
    "erasure": ("Erasure of personal data", "删除个人信息"),
    "restriction": ("Restriction of processing", "限制处理"),
    "lift": ("Lifting of a restriction", "解除限制处理"),
    "objection": ("Objection to processing", "拒绝处理"),
    "review": ("Human review of a score", "对评分进行人工复核"),
}

STATES: Final[dict[str, Pair]] = {
    "received": ("Received; the identity is not verified yet", "已收到，身份尚未核实"),
    "verifying": ("More is needed to verify the identity", "需要补充材料以核实身份"),
    "verified": ("The identity is verified; a decision follows", "身份已核实，等待决定"),
    "approved": ("Approved; to be carried out", "已批准，等待执行"),
    "running": ("Being carried out", "正在执行"),
    "partial": ("Carried out in part; the rest follows", "部分完成，其余部分仍在处理"),
    "completed": ("Completed", "已完成"),
    "denied": ("Denied", "已拒绝"),
    "cancelled": ("Cancelled", "已撤回"),
    "cannot_identify": (
        "Nobody could be identified from what was given; more information may help (GDPR Art. 11)",
        "根据所提供的信息无法识别个人；补充信息可能有助于识别",
    ),
}

DENIALS: Final[dict[str, Pair]] = {
    "identity_not_proven": ("The identity was not proven.", "身份未得到证明。"),
    "no_authority": ("The authority to act for this person was not proven.", "未证明有权代表此人行事。"),
    "manifestly_unfounded": ("The request is manifestly unfounded.", "请求明显没有根据。"),
    "excessive": ("The request is excessive, in particular by repetition.", "请求过度，尤其是重复提出。"),
    "legal_claims": ("The data is needed for legal claims.", "数据为法律诉求所必需。"),
    "legal_obligation": ("The law obliges us to keep the data.", "法律规定必须保存数据。"),
    "freedom_of_expression": ("Freedom of expression and information prevails.", "言论和信息自由优先。"),
    "public_interest": ("A public interest prevails.", "公共利益优先。"),
    "public_health": ("A public interest in health prevails.", "公共卫生利益优先。"),
    "research": ("Research, statistics or archives would be seriously impaired.", "将严重损害研究、统计或档案目的。"),
    "others_rights": ("The rights of others would be harmed.", "将损害他人权利。"),
    "compelling_grounds": ("Compelling legitimate grounds prevail.", "存在令人信服的正当理由。"),
    "not_applicable": ("The right does not apply to this processing.", "该权利不适用于此项处理。"),
}

REMEDY: Final[Pair] = (
    "You may complain to a supervisory authority, and go to court.",
    "您可以向监管机构投诉，也可以向法院提起诉讼。",
)
"""GDPR Art. 12(4); PIPL Art. 50."""

EXTENSIONS: Final[dict[str, Pair]] = {
    "complexity": ("The request is complex.", "请求较为复杂。"),
    "number_of_requests": ("There are many requests.", "请求数量较多。"),
}
"""GDPR Art. 12(3)."""

METHODS: Final[dict[str, Pair]] = {
    "signed_in": ("Signed in to the account", "登录账户"),
    "possession": ("Proof of possession: a link, code or cookie", "持有证明：链接、验证码或 Cookie"),
    "document": ("A document", "证件"),
    "in_person": ("In person", "当面核实"),
    "officer": ("Known to the officer", "由经办人员确认"),
    "not_required": ("The law asks for no verification", "法律不要求核实"),
}

UNVERIFIED_KINDS: Final = frozenset({"objection", "restriction"})
"""Kinds that may go without verification: to opt out and to limit (11 CCR § 7060(b))."""

REQUESTERS: Final[dict[str, Pair]] = {
    "self": ("The person", "本人"),
    "agent": ("An authorised agent", "授权代理人"),
    "guardian": ("A parent or guardian", "父母或监护人"),
    "next_of_kin": ("Next of kin of a deceased person", "死者近亲属"),
}
"""The last by PIPL Art. 49."""

DECISIONS: Final[dict[str, Pair]] = {
    "upheld": ("The score stands.", "维持评分。"),
    "changed": ("The decision was changed.", "决定已变更。"),
    "removed": ("The score is not used for this person.", "不再对此人使用该评分。"),
}


RECEIPT: Final[Pair] = (
    "Keep this receipt: with it you can show later that this request was carried out. "
    "We keep only a digest of it and cannot show it again.",
    "请妥善保存此回执码：凭此码，您日后可以证明本请求已被执行。我们仅保存其摘要，无法再次显示。",
)
"""Told to who asks for an erasure, with the receipt."""


def pair(texts: dict[str, Pair], code: str) -> dict[str, str]:
    """A code with its texts, ready for JSON."""
    return {"code": code, "en": texts[code][0], "zh": texts[code][1]}
