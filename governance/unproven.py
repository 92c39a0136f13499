"""What no audit can prove: said in every report, so that nobody takes a clean one for more than it is."""

from typing import Final

UNPROVEN: Final = {
    "histories": (
        "No tree head kept elsewhere was compared: a tail that was cut off and signed again, "
        "and a second history for somebody else, cannot be excluded.",
        "未与任何保存在他处的树头比对：不能排除尾部被截断后重新签名，也不能排除对他人另有一份历史。",
    ),
    "witnesses": (
        "No independent witness vouches for the tree head: two histories cannot be excluded; "
        "the heads kept elsewhere show only that this log extends them.",
        "没有独立见证方为树头作证：不能排除存在两份历史；保存在他处的树头只能说明本日志是其延续。",
    ),
    "copies": (
        "That no copy of a key or of plain data exists elsewhere: backups, replicas, memory, exports, screenshots.",
        "不能证明他处不存在密钥或明文数据的副本：备份、副本、内存、导出文件、截屏。",
    ),
    "medium": (
        "That the storage medium forgot the bytes: worn blocks, snapshots, dead rows, archived write-ahead logs.",
        "不能证明存储介质已遗忘这些字节：磨损块、快照、死行、已归档的预写日志。",
    ),
    "omission": ("That everything that happened was recorded.", "不能证明所发生的一切都已被记录。"),
    "truth": (
        "That what was recorded was true, or happened on the day that the entry names.",
        "不能证明所记录的内容属实，也不能证明其发生于条目所载日期。",
    ),
    "later": ("Anything after the tree head.", "树头之后的任何事项。"),
    "whose": (
        "Which person a destroyed key belonged to, and whom a hold concerned: the log does not tell, by design.",
        "已销毁的密钥属于何人、法律保全涉及何人：日志有意不予记载。",
    ),
    "anonymity": (
        "That what remains is anonymous: how often and when a random key was used stays in the log.",
        "不能证明剩余内容是匿名的：随机密钥的使用次数与日期仍保留在日志中。",
    ),
    "keyring": (
        "A bundle holds no keys: that destroyed keys are gone, and that living ones are those committed to, "
        "only the audit of the live store sees.",
        "证据包不含密钥：已销毁的密钥确已不存在、现存密钥即所承诺的密钥，只有对在用存储的审计才能看到。",
    ),
    "replay": (
        "What was computed from the log: that is replayed, not verified.",
        "由日志计算得出的结果：须重放，而非验证。",
    ),
    "entries": (
        "What the entries say: only the tree over them was verified.",
        "条目的内容：仅验证了其上的树。",
    ),
}
"""By code, in English and Chinese."""

ALWAYS: Final = ("witnesses", "copies", "medium", "omission", "truth", "later", "whose", "anonymity", "replay")


def unproven(*, heads: int, offline: bool, witnessed: bool, tree_only: bool = False) -> list[str]:
    """The codes for an audit that compared so many tree heads kept elsewhere."""
    codes = [*([] if heads else ["histories"]), *(one for one in ALWAYS if not (witnessed and one == "witnesses"))]
    if tree_only:
        return [*codes, "entries"]
    return [*codes, "keyring"] if offline else codes


def told(codes: list[str]) -> list[dict[str, str]]:
    """For people: in both languages."""
    return [{"code": code, "en": UNPROVEN[code][0], "zh": UNPROVEN[code][1]} for code in codes]
