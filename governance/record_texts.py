"""What officers and authorities read in a record of processing, in English and Chinese."""

from typing import Final

Pair = tuple[str, str]

HEADINGS: Final[dict[str, Pair]] = {
    "controller": ("Controller (Art. 30(1)(a))", "个人信息处理者（第30条第1款(a)）"),
    "purposes": ("Purposes (Art. 30(1)(b))", "处理目的（第30条第1款(b)）"),
    "data_subjects": ("Categories of data subjects (Art. 30(1)(c))", "个人信息主体类别（第30条第1款(c)）"),
    "categories": ("Categories of personal data (Art. 30(1)(c))", "个人信息类别（第30条第1款(c)）"),
    "recipients": ("Recipients (Art. 30(1)(d))", "接收方（第30条第1款(d)）"),
    "transfers": ("Transfers to other countries (Art. 30(1)(e))", "向境外提供（第30条第1款(e)）"),
    "time_limits": ("Time limits for erasure (Art. 30(1)(f))", "保存期限（第30条第1款(f)）"),
    "security": ("Security measures (Art. 30(1)(g))", "安全措施（第30条第1款(g)）"),
    "observed": ("Observed in the store", "实际处理情况"),
    "drift": ("What is observed, but not declared", "与声明不符之处"),
}
"""GDPR Art. 30(1); PIPL Art. 55 and 56 ask for the same of sensitive data and automated decisions."""

BASES: Final[dict[str, Pair]] = {
    "contract": ("contract", "履行合同"),
    "legal_obligation": ("legal obligation", "履行法定义务"),
    "vital_interests": ("vital interests", "保护重大利益"),
    "public_task": ("public task", "公共任务"),
    "legitimate_interest": ("legitimate interest", "正当利益"),
    "consent": ("consent", "同意"),
    "explicit_consent": ("explicit consent", "单独、明示同意"),
}

SECURITY: Final[dict[str, Pair]] = {
    "sealed": (
        "Every body of data is sealed (AES-256-GCM) under a key of its subject, class and month; keys lie apart.",
        "每份数据均以按主体、类别和月份划分的密钥加密（AES-256-GCM）；密钥单独存放。",
    ),
    "pseudonymised": (
        "Identifiers are keyed hashes; subjects and streams have random ids.",
        "标识符仅以带密钥的散列值保存；主体与数据流使用随机编号。",
    ),
    "erasable": (
        "Erasure destroys keys and removes the sealed bodies; a certificate proves it.",
        "删除时销毁密钥并移除加密内容，并以证明书佐证。",
    ),
    "verifiable": (
        "The log is append-only and its tree heads are signed; any change is found.",
        "日志只可追加，其树根经过签名；任何改动均可发现。",
    ),
    "roles": (
        "Each act needs a role; reading is for a declared purpose, and every disclosure is recorded.",
        "各项操作均需相应角色；读取须有声明的目的，每次披露均有记录。",
    ),
}

DRIFT: Final[dict[str, Pair]] = {
    "no_controller": ("The policy does not name the controller.", "政策未写明个人信息处理者。"),
    "no_data_subjects": ("The policy names no categories of data subjects.", "政策未写明个人信息主体类别。"),
    "recipient_not_declared": (
        "Data was given to a recipient that the policy does not name.",
        "数据提供给了政策未列明的接收方。",
    ),
    "recipient_beyond_purpose": (
        "A recipient was given data for a purpose that the policy does not name for it.",
        "接收方获得数据的目的超出政策对其列明的范围。",
    ),
    "purpose_not_declared": ("Data was read for a purpose that is not in force.", "读取数据的目的不在现行政策之中。"),
    "purpose_never_used": ("Nothing was read for this purpose.", "从未为此目的读取数据。"),
    "recipient_never_used": ("Nothing was given to this recipient.", "从未向此接收方提供数据。"),
    "no_location": ("The policy does not say where the recipient is.", "政策未写明接收方所在地。"),
    "no_period": ("Data of this class has no end of its own.", "该类别数据没有保存期限。"),
    "overdue": ("Data of this class is past its period.", "该类别存在超过保存期限的数据。"),
    "unknown_type": (
        "Events of this type are taken in; the policy does not know it and keeps them under the default class.",
        "存在政策未定义的事件类型，按默认类别保存。",
    ),
    "class_without_data": ("Nothing is stored in this class.", "该类别没有任何数据。"),
}
