"""Statements over the API and by both clients, through a real server."""

import asyncio

import httpx
import pytest

from actors import NOON
from inprocess import served
from reasoning import checked, follow, match, seconds
from rempart.client import AsyncClient, Client
