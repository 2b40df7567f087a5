#!/usr/bin/python3
"""Writes roost's manual pages and shell completions from the program's own help.

    manual.py ROOST TARGET

ROOST is the program, TARGET a directory, which is emptied. One page per command: «man roost node add» is roost-node-add(1).
"""

import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HELP_FLAGS = {"help", "version"}


def output(*command):
    # This host's own settings would otherwise appear as defaults.
    environment = {key: value for key, value in os.environ.items() if key != "ROOST_SOCKET"}
    environment["ROOST_CONFIGURATION"] = "/dev/null"
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT).stdout


def last_change():
    try:
        return output("git", "log", "-1", "--format=%cs").strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def escaped(text):
    """Text escaped for roff: no line is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def paragraphs(text):
    """Prose as paragraphs; commands and indented lines are examples and stay as they are."""
    lines, is_example = [], False
    for line in text.strip("\n").split("\n"):
        if line.startswith(("  ", "roost ")) != is_example and line.strip():
            lines.append(".EX" if not is_example else ".EE")
            is_example = not is_example
        lines.append(escaped(line) if line.strip() else (".PP" if not is_example else ""))
    return lines + ([".EE"] if is_example else [])


def spelled(name):
    return ("-" if name["kind"] == "short" else "--") + name["name"]


def head(argument):
    """`\\-n, \\-\\-name VALUE`, in bold and italics."""
    if argument["kind"] == "positional":
        return f"\\fI{escaped(argument['valueName'])}\\fR"
    names = ", ".join(f"\\fB{escaped(spelled(name))}\\fR" for name in argument["names"])
    return names + (f" \\fI{escaped(argument['valueName'])}\\fR" if argument["kind"] == "option" else "")


def synopsis(argument):
    word = f"\\fI{escaped(argument['valueName'])}\\fR"
    if argument["kind"] != "positional":
        word = f"\\fB{escaped(spelled(argument['preferredName']))}\\fR" + (f" {word}" if argument["kind"] == "option" else "")
    if argument["isRepeating"]:
        word += " ..."
    return f"[{word}]" if argument["isOptional"] else word


def described(argument):
    text = argument.get("abstract", "")
    values = argument.get("completionKind", {}).get("list", {}).get("values", [])
    if values and len(values) <= 12:
        text += f" One of {', '.join(values)}."
    if argument.get("defaultValue"):
        text += f" (default: {argument['defaultValue']})"
    return escaped(text.strip())


def page(command, path, day):
    name = "-".join(path)
    arguments = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    own = [a for a in arguments if a.get("preferredName", {}).get("name") not in HELP_FLAGS]
    below = listed(command)
    lines = [f'.TH {escaped(name.upper())} 1 "{day}" Roost "Roost"', ".SH NAME"]
    lines.append(f"{escaped(name)} \\- {escaped(command.get('abstract', ''))}")
    lines += [".SH SYNOPSIS", f"\\fB{escaped(' '.join(path))}\\fR " + " ".join(map(synopsis, own))]
    if below:
        lines[-1] += " \\fIcommand\\fR ..."
    if command.get("discussion"):
        lines += [".SH DESCRIPTION"] + paragraphs(command["discussion"])
    if arguments:
        lines.append(".SH OPTIONS")
        for argument in arguments:
            lines += [".TP", head(argument), described(argument)]
    if below:
        lines.append(".SH COMMANDS")
        for other in below:
            lines += [".TP", f"\\fB{escaped('-'.join(path + [other['commandName']]))}\\fR(1)", escaped(other.get("abstract", ""))]
    if len(path) > 1:
        lines += [".SH SEE ALSO", f"\\fB{escaped('-'.join(path[:-1]))}\\fR(1)"]
    return "\n".join(lines) + "\n"


def listed(command):
    """The subcommands in its help: hidden ones are only for the server."""
    return [other for other in command.get("subcommands", []) if other.get("shouldDisplay", True) and other["commandName"] != "help"]


def write_pages(command, path, day, target):
    with open(os.path.join(target, "-".join(path) + ".1"), "w", encoding="utf-8") as file:
        file.write(page(command, path, day))
    for other in listed(command):
        write_pages(other, path + [other["commandName"]], day, target)


def main(program, target):
    program = os.path.abspath(program)
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    write_pages(json.loads(output(program, "--experimental-dump-help"))["command"], ["roost"], last_change(), target)
    for shell in ("bash", "zsh", "fish"):
        script = output(program, "--generate-completion-script", shell)
        with open(os.path.join(target, f"roost.{shell}"), "w", encoding="utf-8") as file:
            # The shell reads it; it is not executed.
            file.write(script.removeprefix("#!/bin/bash\n"))
    with open(os.path.join(target, "roost.schema.json"), "w", encoding="utf-8") as file:
        file.write(output(program, "schema"))


if __name__ == "__main__":
    main(*sys.argv[1:])
