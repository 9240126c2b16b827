"""The way out: executed notebooks become a site that can be trusted."""

from helpers.publish.deploy import Deployed, deploy, serve
from helpers.publish.front import PublishResult, publish

__all__ = ["Deployed", "PublishResult", "deploy", "publish", "serve"]
