"""`python -m bot` is `flux-bot`."""

from bot.cli import main

if __name__ == "__main__":
    main(prog_name="flux-bot")
