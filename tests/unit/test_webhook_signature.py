from __future__ import annotations

from datetime import UTC, datetime

from services.alerter.channels.webhook import sign
from services.alerter.subscriptions import signing_key
from shared.settings import Secret


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks reference libraries."""
    key = signing_key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    moment = datetime.fromtimestamp(1614265330, UTC)
    made = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
