"""Waits for a kernel to answer, without the pause that clients make to be on the safe side."""

import time
from queue import Empty
from typing import Any

from nbclient.util import ensure_async


async def wait_until_ready(client: Any, manager: Any, seconds: float) -> dict[str, Any]:
    """Return what a kernel says of itself, once both its channels are known to work.

    `wait_for_ready` of jupyter_client listens for a fifth of a second until the output channel
    is silent. Its silence is known sooner: the kernel says when it is done with our question.

    Raises:
        RuntimeError: the kernel died, or did not answer in time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        asked = await ensure_async(client.kernel_info())
        try:
            answer = await message(client.shell_channel, asked, "kernel_info_reply", 1.0)
            await message(client.iopub_channel, asked, "status", 0.5, execution_state="idle")
        except Empty:
            if not await ensure_async(manager.is_alive()):
                raise RuntimeError("the kernel died before it answered") from None
            continue
        return dict(answer)
    raise RuntimeError(f"the kernel did not answer within {seconds:g} s")


async def message(
    channel: Any, asked: str, kind: str, seconds: float, **content: str
) -> dict[str, Any]:
    """Return the content of the message of a kind that answers ours; others are dropped.

    Raises:
        Empty: none came in time.
    """
    until = time.monotonic() + seconds
    while True:
        got = await ensure_async(channel.get_msg(timeout=max(until - time.monotonic(), 0)))
        ours = got["parent_header"].get("msg_id") == asked and got["msg_type"] == kind
        if ours and all(got["content"].get(k) == v for k, v in content.items()):
            return dict(got["content"])
