"""The original: two FastMCP servers in one Starlette app under uvicorn, with a composed lifespan.

The same service as `examples/two_servers`, for the comparison. A call in flight cleans up whatever ends it, shielded.
"""

import contextlib

import anyio
import uvicorn
from mcp.server.fastmcp import FastMCP
from starlette.applications import Starlette

echo = FastMCP("echo", streamable_http_path="/echo", log_level="WARNING")
math = FastMCP("math", streamable_http_path="/math", log_level="WARNING")


@contextlib.asynccontextmanager
async def workspace(server, cleanup_ms):
    print(server, "a slow call has its workspace", flush=True)
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            print(server, "cleanup begins", flush=True)
            await anyio.sleep(cleanup_ms / 1000)
            print(server, "cleanup has ended", flush=True)


@echo.tool(name="echo")
async def say(text: str) -> str:
    return text


@math.tool()
async def add(a: int, b: int) -> int:
    return a + b


def with_slow(server):
    @server.tool()
    async def slow(ms: int, cleanup_ms: int) -> str:
        async with workspace(server.name, cleanup_ms):
            await anyio.sleep(ms / 1000)
        return "slept"


with_slow(echo)
with_slow(math)
routes = [*echo.streamable_http_app().routes, *math.streamable_http_app().routes]


@contextlib.asynccontextmanager
async def lifespan(_app):
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(echo.session_manager.run())
        await stack.enter_async_context(math.session_manager.run())
        yield


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()
        print(f"listening on http://{host}:{port}", flush=True)


Server(uvicorn.Config(Starlette(routes=routes, lifespan=lifespan), port=0, log_level="warning")).run()
