import os
import re
import signal
from datetime import timedelta
from urllib.request import urlopen

import pytest
from pydantic import BaseModel
from temporalio import activity, workflow

from operations.errors import Refusal
from tests.waiting import PATIENCE
from workflows.gateway import Gateway, search_attributes
from workflows.runtime import Crew, connect
from workflows.server import SEARCH_ATTRIBUTES, TemporalServer, free_port

pytestmark = pytest.mark.servers


class Greeting(BaseModel):
    name: str


@workflow.defn
class Greet:
    def __init__(self) -> None:
        self.awaited = True

    @workflow.run
    async def run(self, greeting: Greeting) -> Greeting:
        await workflow.wait_condition(lambda: not self.awaited)
        return await workflow.execute_activity(greet, greeting, start_to_close_timeout=timedelta(seconds=PATIENCE))

    @workflow.signal
    def go(self) -> None:
        self.awaited = False


@activity.defn
def greet(greeting: Greeting) -> Greeting:
    return Greeting(name=f"hello {greeting.name}")


@workflow.defn
class Ticking:
    """Twenty timers of the server, one after the other: it is they that are tested."""

    @workflow.run
    async def run(self) -> None:
        for _ in range(20):
            await workflow.sleep(timedelta(milliseconds=50), summary="tick")


CREW = Crew([Greet], [greet])


def test_a_killed_server_comes_back_on_its_port_with_everything_it_had(tmp_path, eventually):
    with TemporalServer(tmp_path, ui=False) as server, Gateway(server.address) as gateway:
        address = server.address
        assert gateway.start("Greet", Greeting(name="Li"), id="greet/li", attributes={"TrellisCommunity": "auto"})
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not server.alive())

        server.start()

        assert server.address == address
        with gateway.working(CREW, strict=True):
            assert gateway.signal("greet/li", "go")
            assert gateway.result("greet/li", PATIENCE, Greeting) == Greeting(name="hello Li")
        assert gateway.look("greet/li").status == "completed"


def test_a_second_start_over_the_same_folder_takes_the_running_server_over(tmp_path):
    with TemporalServer(tmp_path, ui=False) as server:
        second = TemporalServer(tmp_path, ui=False)

        second.start()

        assert (second.pid, second.address) == (server.pid, server.address)


def test_a_cold_start_keeps_the_port_of_last_time(tmp_path):
    with TemporalServer(tmp_path, ui=False) as first:
        port = first.port

    with TemporalServer(tmp_path, ui=False) as second:
        assert second.port == port


def test_the_namespace_keeps_finished_workflows_for_a_month_and_knows_our_attributes(gateway):
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

    client = gateway.client
    found = gateway.run(client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default")))
    listed = gateway.run(
        client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    )

    assert found.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)
    assert set(SEARCH_ATTRIBUTES) <= set(listed.custom_attributes)


def test_starting_twice_is_harmless(gateway):
    with gateway.working(CREW, strict=True):
        assert gateway.start("Greet", Greeting(name="Wang"), id="greet/wang")
        assert not gateway.start("Greet", Greeting(name="Wang"), id="greet/wang")
        gateway.signal("greet/wang", "go")
        gateway.result("greet/wang", PATIENCE)

        assert not gateway.start("Greet", Greeting(name="Wang"), id="greet/wang")


def test_a_signal_to_nobody_says_so(gateway):
    assert not gateway.signal("greet/nobody", "go")
    assert not gateway.cancel("greet/nobody")
    assert gateway.look("greet/nobody") is None


def test_a_worker_is_counted_as_a_poller(gateway, eventually):
    with gateway.working(CREW, strict=True):
        assert eventually(gateway.pollers) >= 1


def test_workflows_are_found_by_community(gateway, eventually):
    gateway.start("Greet", Greeting(name="Zhao"), id="greet/zhao", attributes={"TrellisCommunity": "bikes"})

    found = eventually(lambda: gateway.list("TrellisCommunity = 'bikes'"))

    assert [one.id for one in found] == ["greet/zhao"]
    assert gateway.count("TrellisCommunity = 'bikes'") == 1


def test_an_unknown_search_attribute_is_a_mistake():
    with pytest.raises(KeyError, match="TrellisColour"):
        search_attributes({"TrellisColour": "red"})


def test_nobody_there_is_said_in_one_sentence():
    import asyncio

    with pytest.raises(Refusal, match="does not answer"):
        asyncio.run(connect(f"127.0.0.1:{free_port()}", within=0.3))


def test_many_timers_due_in_one_second_stay_with_the_reader_that_is_woken_for_them(tmp_path):
    """With the server's own bound a second reader takes some of them over; they came up to ten minutes late."""
    ids = [f"ticking/{number}" for number in range(40)]
    with TemporalServer(tmp_path, ui=False) as server, Gateway(server.address) as gateway:
        with gateway.working(Crew([Ticking], [])):
            for one in ids:
                gateway.start("Ticking", None, id=one)
            for one in ids:
                gateway.result(one, PATIENCE)
        address = re.search(r"Metrics:\s+(\S+)", (tmp_path / "server.log").read_text())
        assert address is not None
        with urlopen(address[1], timeout=PATIENCE) as told:
            metrics = told.read().decode()

    readers = re.findall(r'task_latency_load_count\{.*TimerActiveTaskUserTimer",queue_reader_id="(\d)"', metrics)
    assert readers == ["0"]
