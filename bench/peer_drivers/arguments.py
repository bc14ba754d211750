"""What every driver is told."""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True)
class Arguments:
    url: str
    conversations: int
    concurrency: int


def parse() -> Arguments:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--conversations", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    return Arguments(**vars(parser.parse_args()))
