"""The whole story on both databases, in small."""

from governance.access import Reader
from governance.audit import verify_live
from governance.erasure import erase
from governance.projecting import catch_up_to_head, rebuild
from governance.store import Store
from tests.conftest import call, take_in


def test_a_person_goes_in_is_profiled_and_erased(store: Store) -> None:
    take_in(store, *(call(n, f"user_id:{n % 3}", properties={"category": "tea"}) for n in range(30)))
    catch_up_to_head(store)
    assert Reader(store, "tester").read("user_id:1", "personalization")["activity"]["events"] == 10

    outcome = erase(store, "user_id:1")

    assert outcome.status == "completed", outcome
    assert verify_live(store).findings == []
    assert rebuild(store, check=True).differences == []
