"""Outbox: delivers what waits, and starts the runs that effects asked for, until nothing is left for now.

One for each community. It ends when all that may leave has left; a schedule begins it again every minute, and whoever
writes a notice may begin it at once. What fails is tried again with growing pauses.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows import turns

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
ROUNDS = 200  # of one run; the schedule begins the next
PAUSES = (1, 5, 15, 30, 60)  # seconds after rounds in which something failed


@workflow.defn(name=turns.OUTBOX)
class Outbox:
    """Rounds of delivery."""

    @workflow.run
    async def run(self, asked: turns.OutboxInput) -> turns.Delivered:
        """Deliver round by round; returns what all rounds came to."""
        sent = started = troubles = 0
        last = turns.Delivered(sent=0, failed=0)
        for round_ in range(ROUNDS):
            last = await workflow.execute_activity(
                turns.DELIVER,
                turns.Deliver(community=asked.community, release=asked.by_clock and round_ == 0),
                result_type=turns.Delivered,
                start_to_close_timeout=timedelta(minutes=30),
                heartbeat_timeout=timedelta(seconds=20),
                retry_policy=RETRY,
            )
            sent, started = sent + last.sent, started + last.started
            if last.failed:
                if troubles == len(PAUSES):
                    break
                await workflow.sleep(timedelta(seconds=PAUSES[troubles]))
                troubles += 1
            elif not last.sent and not last.started:
                break
        return turns.Delivered(
            sent=sent, failed=last.failed, started=started, starting=last.starting, waiting=last.waiting
        )
