"""What comes back from people by messages of ours, and what they say of themselves."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from router.incident.answers import AnswerRefused
from router.incident.callbacks import Answered, Callback, CallbackRefused, senseless
from router.oncall.model import Person
from router.store.audit import Entry
from router.store.store import Store
from router.worker.answers import Answers
from router.worker.awake import AwakePeople
from router.worker.callbacks import Callbacks
from router.worker.refusals import Refusals


class WaysBack:
    """Each is one transaction, after which the worker looks what follows."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        answers: Callable[[], Answers],
        look_again: Callable[[], None],
    ) -> None:
        """`answers` go by the catalog that counts when it is called."""
        self._store = store
        self._clock = clock
        self._answers = answers
        self._look_again = look_again
        self.refusals = Refusals(store, clock=clock)

    async def take_callback(self, given: Callback) -> Answered:
        """Do what somebody chose at a message of ours, once.

        Raises CallbackRefused, and keeps that it was refused.
        """
        now = self._clock()
        callbacks = Callbacks(answers=self._answers(), installation=self._store.installation)
        try:
            answered = await self._store.write(partial(callbacks.take, given=given, now=now))
        except (AnswerRefused, CallbackRefused) as error:
            refusal = error if isinstance(error, CallbackRefused) else senseless(error.reason)
            await self.refusals.keep_callback(given, refusal, now=now)
            raise refusal from None
        self._look_again()
        return answered

    async def begin_awake(self, person: Person, entry: Entry, until: datetime) -> list[int]:
        """Have somebody told quietly until then; return the incidents that they acknowledge."""
        people = AwakePeople(answers=self._answers())
        work = partial(people.begin, person=person, entry=entry, until=until, now=self._clock())
        numbers = await self._store.write(work)
        self._look_again()
        return numbers

    async def end_awake(self, person: Person, entry: Entry) -> bool:
        """Have somebody rung again as ever; False when they were already."""
        people = AwakePeople(answers=self._answers())
        work = partial(people.end, person=person, entry=entry, now=self._clock())
        was_awake = await self._store.write(work)
        self._look_again()
        return was_awake
