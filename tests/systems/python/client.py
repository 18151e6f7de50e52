"""The official MCP client, of either major version, against the server whose URL it is given.

It lists and calls tools on both endpoints; then it holds a stream and has a call in flight, until the server ends both.
Its lines are what the tests read.
"""

import asyncio
import contextlib
import sys
from importlib.metadata import version

LIMIT = 60  # seconds; for the day something hangs

if version("mcp").startswith("1."):
    import httpx
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    MODES = ["legacy"]

    @contextlib.asynccontextmanager
    async def connect(url, mode):
        async with httpx.AsyncClient(transport=Watched(), timeout=LIMIT) as http:
            async with streamable_http_client(url, http_client=http) as (read, write, _):
                async with ClientSession(read, write) as session:
                    initialized = await session.initialize()
                    yield session, initialized.protocolVersion

else:
    import httpx2 as httpx
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client

    MODES = ["auto", "legacy"]

    @contextlib.asynccontextmanager
    async def connect(url, mode):
        async with httpx.AsyncClient(transport=Watched(), timeout=LIMIT) as http:
            transport = streamable_http_client(url, http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client, client.protocol_version


held = asyncio.Event()
ended = asyncio.Event()


class Watched(httpx.AsyncBaseTransport):
    """Sees when the stream begins on which the server speaks by itself, and when it ends."""

    def __init__(self):
        self.inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request):
        response = await self.inner.handle_async_request(request)
        if request.method == "GET":
            response.stream = WatchedStream(response.stream)
        return response

    async def aclose(self):
        await self.inner.aclose()


class WatchedStream(httpx.AsyncByteStream):
    def __init__(self, inner):
        self.inner = inner

    async def __aiter__(self):
        held.set()
        async for chunk in self.inner:
            yield chunk
        ended.set()  # an end that is not clean is an exception

    async def aclose(self):
        await self.inner.aclose()


def say(*words):
    print(*words, flush=True)


async def ask(url, mode, tool, arguments):
    async with connect(url, mode) as (client, protocol):
        tools = (await client.list_tools()).tools
        say(protocol, "lists", *sorted(tool.name for tool in tools))
        answer = await client.call_tool(tool, arguments)
        say(protocol, tool, "says", answer.content[0].text)


async def hold(url):
    held.clear()
    async with connect(url, "legacy") as (client, _):
        await held.wait()
        say("holds a stream")
        try:
            answer = await client.call_tool("slow", {"ms": 60_000, "cleanup_ms": 300})
            say("slow says", answer.content[0].text)
        except Exception as error:
            say("slow fails:", error)
        await ended.wait()
        say("the stream has ended")


async def main(url):
    for mode in MODES:
        await ask(f"{url}/echo", mode, "echo", {"text": "hello"})
        await ask(f"{url}/math", mode, "add", {"a": 19, "b": 23})
    await hold(f"{url}/math")
    say("done")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), LIMIT))
