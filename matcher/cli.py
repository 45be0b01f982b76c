"""The `matcher` command; its verbs stand in `commands`."""

from __future__ import annotations

import click

from . import logs
from .commands import data, ranking, serving, trust


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="matcher")
def main() -> None:
    """Matcher: needs, startups, testbeds, pairings. Settings come from the environment (see matcher/config.py)."""
    logs.install()


for module in (serving, ranking, data, trust):
    for verb in vars(module).values():
        if isinstance(verb, click.Command):
            main.add_command(verb)


if __name__ == "__main__":
    main()
