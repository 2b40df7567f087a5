import API
import Fleet
import Foundation
import Wire

/// Hardware of nodes in the formats that other programs read.
enum InventoryFormat: String, Sendable, CaseIterable {
    case json, csv
    /// One GLPI inventory (JSON, inventory_format 0.1) for each node, in an array.
    case glpi

    var contentType: String { self == .csv ? "text/csv; charset=utf-8" : "application/json" }
}

enum InventoryExport {
    static func text(of entries: [InventoryEntry], as format: InventoryFormat) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return switch format {
        case .json: try encoder.encode(entries)
        case .csv: Data(csv(entries).utf8)
        case .glpi:
            try JSONSerialization.data(
                withJSONObject: entries.map(glpi), options: [.sortedKeys, .withoutEscapingSlashes])
        }
    }

    private static func csv(_ entries: [InventoryEntry]) -> String {
        var table = CSVText(header: [
            "node", "group", "mac", "vendor", "product", "serial", "board", "firmware", "firmware kind",
            "secure boot", "tpm", "processor", "processors", "memory MiB", "modules", "disks", "graphics",
            "monitors",
        ])
        for entry in entries {
            let hardware = entry.hardware
            table.add([
                entry.node.text, entry.group.description,
                entry.macAddresses.map(\.description).joined(separator: " "), hardware.vendor,
                hardware.product,
                hardware.serial, hardware.board, hardware.firmware, hardware.firmwareKind,
                hardware.isSecureBootOn ? "on" : "off", hardware.tpm, hardware.processor,
                String(hardware.processorCount), String(hardware.memoryMebibytes),
                hardware.memoryModules.map { "\($0.slot): \($0.mebibytes) MiB \($0.kind)" }.joined(
                    separator: "; "),
                hardware.disks.map { "\($0.name): \($0.model) \($0.mebibytes) MiB" }.joined(separator: "; "),
                hardware.graphics.joined(separator: "; "),
                hardware.monitors.map { "\($0.name) \($0.serial)" }.joined(separator: "; "),
            ])
        }
        return table.text
    }

    /// The keys are those of GLPI's inventory_format (inventory.schema.json).
    private static func glpi(_ entry: InventoryEntry) -> [String: Any] {
        let hardware = entry.hardware
        let content: [String: Any] = [
            "versionclient": "Roost",
            "hardware": [
                "name": entry.node.text, "uuid": entry.uuid?.description ?? "",
                "memory": hardware.memoryMebibytes,
            ] as [String: Any],
            "bios": [
                "smanufacturer": hardware.vendor, "smodel": hardware.product, "ssn": hardware.serial,
                "mmodel": hardware.board, "bversion": hardware.firmware,
            ],
            "cpus": hardware.processor.isEmpty
                ? []
                : [["name": hardware.processor, "core": max(1, hardware.processorCount)] as [String: Any]],
            "memories": hardware.memoryModules.map {
                [
                    "caption": $0.slot, "capacity": $0.mebibytes, "type": $0.kind, "speed": String($0.speed),
                    "manufacturer": $0.maker, "model": $0.part,
                ] as [String: Any]
            },
            "networks": hardware.cards.map {
                ["description": $0.name, "mac": $0.macAddress, "driver": $0.driver]
            },
            "storages": hardware.disks.map {
                [
                    "name": $0.name, "model": $0.model, "serial": $0.serial, "disksize": $0.mebibytes,
                ] as [String: Any]
            },
            "videos": hardware.graphics.map { ["name": $0] },
            "monitors": hardware.monitors.map { ["caption": $0.name, "serial": $0.serial, "name": $0.id] },
            "usbdevices": hardware.usb.map { device in
                let ids = device.id.split(separator: ":").map(String.init)
                return ["name": device.name, "vendorid": ids.first ?? "", "productid": ids.last ?? ""]
            },
            "controllers": hardware.pci.map {
                ["name": $0.name, "pcislot": $0.place, "driver": $0.driver, "caption": $0.id]
            },
        ]
        return [
            "action": "inventory", "deviceid": "roost-\(entry.node)", "itemtype": "Computer",
            "content": content,
        ]
    }
}
