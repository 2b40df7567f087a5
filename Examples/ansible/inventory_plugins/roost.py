"""Nodes of Roost as an inventory of Ansible. The command `roost` asks the server: over its socket, or as ROOST_SERVER and ROOST_TOKEN say."""

DOCUMENTATION = """
name: roost
short_description: Nodes of a Roost server
description:
  - Groups of Roost are groups of Ansible, tags too, and addresses are those of now.
extends_documentation_fragment:
  - constructed
options:
  plugin:
    description: Always C(roost).
    required: true
    choices: [roost]
  query:
    description: Only nodes that match this condition, as C(roost node list) takes it.
    type: str
    default: ""
  command:
    description: The program, with words that it is always given.
    type: list
    elements: str
    default: [roost]
"""

import json
import subprocess

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable


class InventoryModule(BaseInventoryPlugin, Constructable):
    NAME = "roost"

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(("roost.yml", "roost.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        words = self.get_option("command") + ["inventory", "--format", "ansible"]
        if self.get_option("query"):
            words += ["--", self.get_option("query")]
        try:
            answer = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
            groups = json.loads(answer.stdout)
        except subprocess.CalledProcessError as error:
            raise AnsibleParserError(f"{' '.join(words)}: {error.stderr.strip()}") from error
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise AnsibleParserError(f"{' '.join(words)}: {error}") from error
        variables = groups.pop("_meta")["hostvars"]
        for name in groups:
            inventory.add_group(name)
        for name, group in groups.items():
            for host in group.get("hosts", []):
                inventory.add_host(host, group=name)
            for child in group.get("children", []):
                inventory.add_child(name, child)
        strict = self.get_option("strict")
        for host, values in variables.items():
            for key, value in values.items():
                inventory.set_variable(host, key, value)
            self._set_composite_vars(self.get_option("compose"), values, host, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), values, host, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), values, host, strict=strict)
