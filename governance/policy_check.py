"""What must hold between the parts of a policy file; their shape is `policy_shape`."""

from collections.abc import Iterable, Iterator

from governance import toml_file
from governance.policy_shape import CONSENTS, OWN_CLASS, REQUIRED_CLASSES, PolicyFile, Purpose
from governance.recipient_rules import url_faults


def faults_between(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    """(path, what would be right) for every name that nothing carries and every rule that contradicts another."""
    yield from _class_faults(file)
    yield from _purpose_faults(file)
    yield from _signal_faults(file)
    yield from _special_faults(file)
    for name, rule in file.events.items():
        if rule.category not in file.categories:
            yield ("events", name, "category"), "a category of [categories]"
        if rule.retention is not None and rule.retention not in file.classes:
            yield ("events", name, "class"), _one_of(file.classes)
    for name, purpose in file.statistics.items():
        if purpose not in file.purposes:
            yield ("statistics", name), _one_of(file.purposes)
    names = [segment.name for segment in file.segments]
    for place, name in enumerate(names):
        if name in names[:place]:
            yield ("segments", place, "name"), "a name that no other segment has"
    kinds = [*file.identifiers.strong, *file.identifiers.anonymous, *file.identifiers.weak]
    if len(set(kinds)) != len(kinds):
        yield ("identifiers",), "each kind is strong, anonymous or weak, and named once"
    for verb in ("policy", "actors"):
        if verb not in file.roles.get("admin", ()):
            yield ("roles", "admin"), f"{verb} among its verbs, or nobody could ever change this again"


def _class_faults(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    for name in REQUIRED_CLASSES:
        if name not in file.classes:
            yield ("classes", name), "is required"
    if OWN_CLASS in file.classes:
        yield ("classes", OWN_CLASS), "another name: under this one the store keeps who may do what"
    if file.default_class not in file.classes:
        yield ("default_class",), _one_of(file.classes)
    for name, category in file.categories.items():
        if category.retention not in file.classes:
            yield ("categories", name, "class"), _one_of(file.classes)
    for name, rule in file.classes.items():
        for purpose in rule.purposes:
            if purpose not in file.purposes:
                yield ("classes", name, "purposes"), _one_of(file.purposes)
        needed = rule.requires_consent
        if needed is not None and (needed not in file.purposes or file.purposes[needed].basis not in CONSENTS):
            yield ("classes", name, "requires_consent"), "a purpose whose basis is consent or explicit_consent"


def _purpose_faults(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    for name, rule in file.purposes.items():
        if rule.aggregates_only and rule.sections:
            yield ("purposes", name, "sections"), "none, since the purpose is aggregates only"
        if rule.basis in ("legitimate_interest", "public_task") and not rule.objectable:
            yield ("purposes", name, "objectable"), f"true, since subjects may object to {rule.basis}"
    yield from url_faults(file.recipients)
    for name, recipient in file.recipients.items():
        for purpose in recipient.purposes:
            if purpose not in file.purposes:
                yield ("recipients", name, "purposes"), _one_of(file.purposes)


def _special_faults(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    """Special categories, given or inferred, lie apart and are for explicit consent alone (GDPR Art. 9(2)(a))."""
    apart = {category.retention for category in file.categories.values() if category.special}
    for name in sorted(apart & file.classes.keys()):
        needed = file.purposes.get(file.classes[name].requires_consent or "")
        if needed is None or needed.basis != "explicit_consent":
            yield (
                ("classes", name, "requires_consent"),
                "a purpose of explicit_consent, as special categories lie here",
            )
    for name, category in file.categories.items():
        if not category.special and category.retention in apart:
            yield ("categories", name, "class"), "a class without special categories"
        if not category.special and (category.tags or category.traits or category.scores):
            yield ("categories", name, "special"), "true, or no tags, traits and scores"
    for name, rule in file.events.items():
        category_of = file.categories.get(rule.category)
        if category_of and rule.retention and category_of.special != (rule.retention in apart):
            yield ("events", name, "class"), "a class of special categories for a special category alone"
    for name, purpose in file.purposes.items():
        yield from _covering_faults(file, name, purpose)


def _covering_faults(file: PolicyFile, name: str, purpose: Purpose) -> Iterator[tuple[toml_file.Path, str]]:
    for category in purpose.categories:
        if not any(lies_in(one, category) for one in file.categories):
            yield ("purposes", name, "categories"), "categories of [categories], or what their names begin with"
        elif category in file.categories and file.categories[category].special and not reads(purpose, category, file):
            yield ("purposes", name, "basis"), "explicit_consent, since a category that it reads is special"
    for one, category_rule in file.categories.items():
        told = {f"scores.{score}" for score in category_rule.scores} & set(purpose.sections)
        if told and not reads(purpose, one, file):
            yield ("purposes", name, "sections"), "no score that tells of a special category, which it may not read"


def lies_in(category: str, above: str) -> bool:
    """Whether a category is `above` or below it: names are dotted paths, as fideslang has them."""
    return category == above or category.startswith(f"{above}.")


def reads(purpose: Purpose, category: str, file: PolicyFile) -> bool:
    """Whether a purpose reads what lies in a category: a special one only if named, with explicit consent."""
    is_named = any(lies_in(category, one) for one in purpose.categories)
    if file.categories[category].special:
        return is_named and purpose.basis == "explicit_consent"
    return is_named or not purpose.categories


def _signal_faults(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    """A signal speaks for purposes that a person may refuse."""
    signals = file.signals
    named: list[tuple[toml_file.Path, str]] = [(("signals", "gpc"), purpose) for purpose in signals.gpc]
    named += [(("signals", "categories", name), purpose) for name, purpose in signals.categories.items()]
    named += [(("signals", "tcf", purpose), purpose) for purpose in signals.tcf]
    open_to = [name for name, rule in file.purposes.items() if rule.basis in CONSENTS or rule.objectable]
    for path, purpose in named:
        if purpose not in open_to:
            yield path, _one_of(open_to)
    for purpose, numbers in signals.tcf.items():
        if not numbers:
            yield ("signals", "tcf", purpose), "at least one number of a TCF purpose"


def _one_of(names: Iterable[str]) -> str:
    return "one of " + ", ".join(sorted(names))
