"""What a certificate says in English and Chinese, by code; a text in a format's claims is never changed again."""

from typing import Final

from governance.request_texts import Pair

NOT_COVERED: Final[dict[str, Pair]] = {
    "backups": (
        "Backups of the keyring made before this date open until the key generation is rotated.",
        "在此日期之前制作的密钥环备份，在密钥代轮换之前仍可打开。",
    ),
    "storage_medium": (
        "Old blocks of the storage medium; the guarantee rests on the destroyed keys.",
        "存储介质上的旧数据块；保证以密钥已被销毁为基础。",
    ),
    "server_dead_rows": (
        "Sealed bodies in dead rows until the database server reuses their pages; their keys are destroyed.",
        "数据库服务器重用页面之前，死行中的加密内容；其密钥已被销毁。",
    ),
    "server_wal": (
        "The database server's write-ahead log until it is recycled; key rotation ends this.",
        "数据库服务器的预写日志（在被回收之前）；密钥轮换可消除此情况。",
    ),
    "server_wal_archive": (
        "Archived write-ahead logs; key rotation ends this.",
        "已归档的预写日志；密钥轮换可消除此情况。",
    ),
    "hold": (
        "Data that a hold or a legal duty keeps; nobody else can open it, and it goes when that ends.",
        "因法律保全或法定义务而保留的数据；其他任何人均无法打开，期满即删除。",
    ),
    "replicas": ("Replicas that have not applied the deletion yet.", "尚未应用此次删除的副本。"),
}

FIRST_STATEMENT: Final[Pair] = (
    "The keys of this person were destroyed and the sealed bodies removed. "
    "What is listed as not covered is not claimed.",
    "此人的密钥已被销毁，加密内容已被删除。列为“未涵盖”的部分不作任何声明。",
)
"""Of the first format. Where consent for some classes was withdrawn, only their keys are what it means."""

STATEMENT: Final[Pair] = (
    "The data keys that the acts name, all of one person, were destroyed, and the sealed bodies under them removed. "
    "What is listed as not covered is not claimed.",
    "日志条目所列的数据密钥（均属同一人）已被销毁，其加密内容已被删除。列为“未涵盖”的部分不作任何声明。",
)

RETENTION_STATEMENT: Final[Pair] = (
    "The period of this class and month is over: its keys were destroyed and the sealed bodies removed. "
    "What is listed as not covered is not claimed.",
    "此类别、此月份数据的保存期限已届满：其密钥已被销毁，加密内容已被删除。列为“未涵盖”的部分不作任何声明。",
)

BEYOND_STATEMENT: Final[Pair] = (
    "The key generation that wrapped this person's keys was destroyed after the keys: "
    "copies of the keyring from before open nothing of this person any more.",
    "在此人的密钥被销毁之后，曾包装这些密钥的密钥代也已被销毁：此前的密钥环副本不再能打开此人的任何数据。",
)

RETENTION_BEYOND_STATEMENT: Final[Pair] = (
    "The key generation that wrapped these keys was destroyed after them: "
    "copies of the keyring from before open nothing of this class and month any more.",
    "在上述密钥被销毁之后，曾包装这些密钥的密钥代也已被销毁：此前的密钥环副本不再能打开此类别、此月份的任何数据。",
)

GROUNDS: Final[dict[str, Pair]] = {
    "gdpr": ("Request of the person (GDPR Art. 17).", "本人请求（GDPR 第17条）。"),
    "ccpa": ("Request of the person (CCPA § 1798.105).", "本人请求（CCPA 第1798.105条）。"),
    "pipl": ("Request of the person (PIPL Art. 47).", "本人请求（《个人信息保护法》第四十七条）。"),
    "retention": (
        "The period of retention is over (GDPR Art. 5(1)(e), PIPL Art. 19).",
        "保存期限届满（GDPR 第5条第1款(e)项；《个人信息保护法》第十九条）。",
    ),
}

TECHNIQUES: Final[dict[str, Pair]] = {
    "key_destroyed": ("The data keys were destroyed (cryptographic erase).", "数据密钥已被销毁（密码学擦除）。"),
    "body_deleted": ("The sealed bodies were deleted.", "加密内容已被删除。"),
    "secure_delete": ("Freed pages of the database were overwritten.", "数据库释放的页面已被覆写。"),
    "wal_truncated": ("The write-ahead log was truncated.", "预写日志已被截断。"),
    "heap_rewritten": ("The tables of the keyring were written anew.", "密钥环的数据表已被重写。"),
}
"""Of NIST SP 800-88 the first is cryptographic erase; the rest clears what lay on pages."""

UNPROVABLE: Final[tuple[Pair, ...]] = (
    (
        "That no copy of a key or of plain data exists elsewhere: backups, swap files, exports, screenshots.",
        "其他地方不存在密钥或明文数据的副本：备份、交换文件、导出文件、屏幕截图等。",
    ),
    (
        "That the storage medium forgot the bytes. The guarantee rests on destroyed keys.",
        "存储介质已清除相应字节。保证以密钥已被销毁为基础。",
    ),
    ("That everything which happened was taken in and logged.", "所有发生过的事情均已被接收并记录。"),
    (
        "Whose data it was: the log names nobody. Only the receipt ties a person to this certificate.",
        "数据属于何人：日志不记载任何人的身份。只有回执码能将本人与本证明联系起来。",
    ),
    (
        "That there is one log for everybody, unless independent witnesses cosigned the tree head.",
        "所有人看到的是同一份日志，除非有独立见证方共同签署了树头。",
    ),
)
"""What no certificate proves, of this store or any other."""
