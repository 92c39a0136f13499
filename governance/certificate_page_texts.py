"""The words of a certificate's page, in English and Chinese."""

from typing import Final

from governance.request_texts import Pair

TITLES: Final[dict[str, Pair]] = {
    "erasure": ("Certificate of erasure", "删除证明"),
    "retention": ("Certificate of destruction at the end of retention", "保存期限届满销毁证明"),
}

WORDS: Final[dict[str, Pair]] = {
    "origin": ("Log", "日志"),
    "case": ("Case", "案件编号"),
    "day": ("Day", "日期"),
    "day_hint": ("the log keeps days, not times", "日志仅记录日期，不记录时刻"),
    "ground": ("Legal ground", "法律依据"),
    "ground_unknown": ("not stated", "未注明"),
    "executor": ("Carried out by (id)", "执行者（编号）"),
    "tool": ("Software", "软件"),
    "period": ("Class and month", "类别与月份"),
    "receipt": ("Receipt", "回执码"),
    "receipt_yes": (
        "A receipt was given when the request was made. Only its SHA-256 is here:",
        "提出请求时已发放回执码。此处仅有其 SHA-256 摘要：",
    ),
    "receipt_no": ("No receipt belongs to this case.", "本案件没有回执码。"),
    "destroyed": ("What was destroyed", "销毁内容"),
    "keys": ("data keys", "数据密钥"),
    "entries": ("log entries concerned", "所涉日志条目"),
    "bodies": ("sealed bodies removed", "已删除的加密内容"),
    "root": ("Merkle root of the removed bodies", "已删除内容的默克尔树根"),
    "technique": ("How", "方式"),
    "method": ("Keys", "密钥"),
    "not_covered": ("What is not covered", "未涵盖的内容"),
    "nothing": ("Nothing is listed.", "无。"),
    "beyond": ("Beyond backups", "对备份的效力"),
    "beyond_generation": ("Key generation since", "现行密钥代"),
    "beyond_word": (
        "The log proves the rotation. That the old generation is destroyed is said by the store, and signed.",
        "日志证明轮换已发生；旧密钥代已被销毁系存储方的声明，并由其签署。",
    ),
    "beyond_not": (
        "Not yet: copies of the keyring from before this day still open until the key generation is rotated.",
        "尚未生效：在密钥代轮换之前，此日期之前的密钥环副本仍可打开。",
    ),
    "word": ("Said by the store, not proven by the log", "存储方的声明，日志未予证明"),
    "kept": ("Kept as evidence of the request", "作为请求证据保留"),
    "months": ("months", "个月"),
    "residue": ("Places where a search for residue found traces", "残留扫描发现痕迹的位置数"),
    "residue_unknown": ("not part of this copy", "本副本未包含"),
    "proof": ("Proof", "证据"),
    "positions": ("Positions in the log", "日志中的位置"),
    "vkey": ("Verifier key; compare it with the one that you pinned", "验证公钥；请与您事先保存的公钥核对"),
    "digest": ("SHA-256 of the certificate's file", "证明文件的 SHA-256"),
    "check": ("How to check it yourself", "如何自行核验"),
    "unprovable": ("What no certificate can prove", "任何证明都无法证明的事项"),
    "page": (
        "This page was generated from the verified file. The file is the certificate; the page is not.",
        "本页由经过验证的证明文件生成。证明以该文件为准，本页仅供阅读。",
    ),
}

CHECKS: Final[dict[str, Pair]] = {
    "lethe": (
        "With the file and the verifier key, on any computer, without the store:",
        "凭证明文件和验证公钥，可在任何计算机上核验，无需访问数据库：",
    ),
    "proof": (
        "Each act in the file has a proof in the C2SP format tlog-proof: its leaf is the text of the entry, its tree "
        "head is signed by the key above. Any tool for C2SP transparency logs can check it.",
        "文件中的每项行为均附有 C2SP tlog-proof 格式的证据：叶子为该条目的文本，树头由上述公钥签署。"
        "任何支持 C2SP 透明日志的工具均可核验。",
    ),
    "dsse": (
        "The envelope in the file is a DSSE envelope of an in-toto statement v1 with the same facts; its subjects are "
        "the commitments of the destroyed keys. Any DSSE verifier for Ed25519 can check it.",
        "文件中的信封为 DSSE 信封，内含记载相同事实的 in-toto v1 声明；其主体为已销毁密钥的承诺值。"
        "任何支持 Ed25519 的 DSSE 工具均可核验。",
    ),
}
